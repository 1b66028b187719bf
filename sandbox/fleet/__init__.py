"""Container apps that really run: replicas in namespaces of their own, probes, revisions and ingress."""
