"""What runs in the container: an OpenAI-compatible API and a chat page over a base model and its adapters.

    settings -> server -> api, page -> service -> catalogue -> engines
                                                  share: what lies on the file share

Start it with `python3 -m inference_app`; `--help` lists the settings. docs/inference-app.md describes the share's
layout and the routes. Nothing else of the project is needed to run it.
"""
