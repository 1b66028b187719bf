"""How long things take that Azure Container Apps and Kubernetes fix, in one place, so that tests can shorten them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Seconds, unless the name says otherwise. The defaults are the services' own where they have one."""

    crash_back_off: float = 10
    """Before the second restart of a crashing container; doubles with each more. Kubernetes' value."""
    crash_back_off_cap: float = 300
    stable_run: float = 600
    """A container that ran so long starts again without back-off."""
    eager_probe: float = 0.1
    """Until its first success a probe is tried this often. Its failures still count once a period."""
    start_deadline: float = 600
    """A revision that is not ready by then has failed ("Deployment Progress Deadline Exceeded")."""
    cold_start_hold: float = 240
    """A request that wakes a scaled-to-zero revision is held so long: the service's own request limit."""
    ready_wait: float = 5
    """A request that finds no ready replica otherwise is held so long."""
    drain: float = 2
    """A replica out of rotation gets SIGTERM when its requests are done, or after this: then it must finish them."""
    port_retry: float = 1
    """Between two attempts to listen on an ingress port that is taken."""
    requests_per_replica: int = 10
    """Concurrent requests, above which one more replica is started: the service's default."""
