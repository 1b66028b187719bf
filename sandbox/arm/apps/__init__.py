"""Container apps between ARM and the fleet: what a request may say, what the service refuses, what should run."""
