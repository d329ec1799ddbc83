"""What a request may cost, and how it is refused."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of the memory and the time that clients can take.

    Args:
        megabytes: of the body of a request.
        queue: requests that are read, wait or are scored, all together.
        seconds: from the first byte of a request to its answer.
        batch_size: images that are scored together, at most.
    """

    megabytes: int = 32
    queue: int = 128
    seconds: float = 30.0
    batch_size: int = 16


class Refused(Exception):
    """A request that is answered with a status and one line of text."""

    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status = status
        self.text = text


async def body_of(request, limits: Limits) -> bytes:
    """The body of a request, never more of it than is allowed.

    Raises:
        Refused: it is larger.
    """
    limit = limits.megabytes << 20
    told = request.headers.get("content-length", "0")
    size, parts = int(told) if told.isdecimal() else 0, []
    if size <= limit:  # what is told may be wrong, or missing
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > limit:
                break
            parts.append(part)
    if size > limit:
        raise Refused(
            413,
            f"the body has more than the {limits.megabytes} MB allowed; send "
            "a smaller image, or start the server with a larger --max-mb",
        )
    return b"".join(parts)
