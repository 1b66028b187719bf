"""A fleet that runs nothing, until there is one."""

from sandbox.fleet.spec import AppSpec, AppStatus


class NoFleet:
    """Runs nothing."""

    async def start(self) -> None:
        """Nothing."""

    async def close(self) -> None:
        """Nothing."""

    async def apply(self, spec: AppSpec) -> None:
        """Nothing."""

    async def remove(self, app_id: str) -> None:
        """Nothing."""

    def status(self, app_id: str) -> AppStatus | None:
        """Nothing."""
        return None

    async def restart(self, app_id: str, revision: str) -> None:
        """Nothing."""
