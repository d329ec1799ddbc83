"""The routes: Open Inference Protocol, `/predict`, the operator's page."""

import time
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from kerasad.domain.columns import COLUMNS
from kerasad.lines import alarming
from kerasad.serving.access import Access
from kerasad.serving.limits import Refused, body_of
from kerasad.serving.server import Server
from kerasad.serving.tensors import (
    HEADER,
    outputs_of,
    read_request,
    write_response,
)
from kerasad.version import __version__

PAGE = Path(__file__).parent / "page"
KIND = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'none'"
)


def make_app(server: Server, token=None) -> FastAPI:
    """The ASGI application of a `Server`."""
    app = FastAPI(
        title="kerasad",
        version=__version__,
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        lifespan=lambda app: server.running(),
    )
    app.add_middleware(Access, token=token)
    add_errors(app)
    add_protocol(app, server)
    add_predict(app, server)
    add_operator(app, server)
    return app


def add_errors(app):
    """Every error is one line of JSON."""

    @app.exception_handler(Refused)
    async def refused(request, error):
        headers = {"retry-after": "1"} if error.status == 503 else None
        return JSONResponse({"error": error.text}, error.status, headers)

    @app.exception_handler(HTTPException)
    async def unknown(request, error):
        text = f"{error.detail}: {request.method} {request.url.path}"
        return JSONResponse({"error": text}, error.status_code)

    @app.exception_handler(RequestValidationError)
    async def mistyped(request, error):
        first = error.errors()[0]
        text = f"{first['loc'][-1]}: {first['msg']}"
        return JSONResponse({"error": text}, 400)

    @app.exception_handler(Exception)
    async def fault(request, error):  # its traceback goes to stderr
        text = f"a fault of the server: {type(error).__name__}"
        return JSONResponse({"error": text}, 500)

    @app.exception_handler(ClientDisconnect)
    async def gone(request, error):
        return Response(status_code=499)  # for the log; nobody reads it


def add_protocol(app, server):
    """The routes of the Open Inference Protocol, version 2."""

    @app.get("/v2")
    async def metadata():
        return {
            "name": "kerasad",
            "version": __version__,
            "extensions": ["binary_tensor_data"],
        }

    @app.get("/v2/health/live")
    async def live():
        return {"live": True}

    @app.get("/v2/health/ready")
    async def ready():
        return JSONResponse(
            {"ready": server.ready}, 200 if server.ready else 503
        )

    @app.get("/v2/models/{name}")
    @app.get("/v2/models/{name}/versions/{version}")
    async def model(name: str, version: str | None = None):
        served = server.find(name)
        check_version(served, version)
        return described(served)

    @app.get("/v2/models/{name}/ready")
    @app.get("/v2/models/{name}/versions/{version}/ready")
    async def model_ready(name: str, version: str | None = None):
        check_version(server.find(name), version)
        return {"name": name, "ready": server.ready}

    @app.post("/v2/models/{name}/infer")
    @app.post("/v2/models/{name}/versions/{version}/infer")
    async def infer(request: Request, name: str, version: str | None = None):
        served = server.find(name)
        async with server.request(served, kind="infer") as facts:
            check_version(served, version)
            body = await body_of(request, server.limits)
            current = served.version
            images, asked = read_request(body, request.headers.get(HEADER))
            photos = await server.photos(current, images)
            rows = await server.score(served, current, photos)
            facts |= {
                "version": current.name,
                "images": len(rows),
                "anomalous": sum(alarming(row["line"]) for row in rows),
            }
            answer = {"model_name": name, "model_version": current.name}
            if "id" in asked:
                answer["id"] = facts["id"] = asked["id"]
            body, headers = write_response(answer, outputs_of(rows), asked)
            return Response(body, headers=headers)


def check_version(served, asked):
    """404 unless that version, or none, was asked for."""
    if asked not in (None, served.version.name):
        raise Refused(
            404,
            f"{served.name} has no version {asked!r}; it is at "
            f"{served.version.name}",
        )


def described(served) -> dict:
    """The metadata of a model, as the protocol has it."""
    version = served.version
    height, width = version.sides()
    own = getattr(version.detector, "input_size", (height, width))
    any_size = tuple(own) == (height, width)
    sides = [-1, -1] if any_size else list(own)
    outputs = {
        "anomaly_map": ("FP32", [-1, height, width]),
        "anomaly_score": ("FP32", [-1]),
        "is_anomalous": ("BOOL", [-1]),
        "p_value": ("FP64", [-1]),
        "threshold": ("FP64", [-1]),
    }
    if getattr(version.detector, "domain", None) is not None:
        outputs["domain"] = ("FP32", [-1, len(COLUMNS)])
        outputs["in_domain"] = ("BOOL", [-1])
    return {
        "name": served.name,
        "versions": [version.name],
        "platform": "kerasad",
        "inputs": [
            {"name": "images", "datatype": "UINT8", "shape": [-1, *sides, 3]}
        ],
        "outputs": [
            {"name": name, "datatype": kind, "shape": shape}
            for name, (kind, shape) in outputs.items()
        ],
        "parameters": {"promise": version.detector.threshold.get("promise")},
    }


def add_predict(app, server):
    """The routes to which an image file is sent."""

    @app.post("/predict")
    @app.post("/predict/{name}")
    async def predict(
        request: Request,
        name: str | None = None,
        path: str | None = None,
        page: Annotated[int | None, Query(ge=0)] = None,
    ):
        served = server.find(name)
        async with server.request(served, kind="predict", path=path) as facts:
            kind = request.headers.get("content-type", "")
            if kind.startswith("multipart/"):
                raise Refused(
                    415,
                    "send the image file itself as the body: curl "
                    "--data-binary @photo.png",
                )
            body = await body_of(request, server.limits)
            current = served.version
            photo = await server.photo(current, body, path or "body", page)
            (row,) = await server.score(served, current, [photo])
            line = {"path": path} | ({} if page is None else {"page": page})
            line |= row["line"]
            kept = ("anomaly_score", "p_value", "is_anomalous", "threshold")
            facts |= {"version": current.name}
            facts |= {key: line[key] for key in kept}
            return line | {"detector": served.name, "version": current.name}


def add_operator(app, server):
    """The operator's page and what it asks for."""

    @app.get("/")
    async def page():
        return static("index.html")

    @app.get("/page/{name}")
    async def part(name: str):
        if name not in ("operator.css", "operator.js"):
            raise Refused(404, f"there is no page/{name}")
        return static(name)

    @app.get("/status")
    async def status():
        return {
            "version": __version__,
            "time": time.time(),
            "open": server.open,
            "lost_log_lines": server.journal.lost,
            "detectors": [summary(one) for one in server.detectors.values()],
        }

    @app.get("/pictures/{name}/{number}/{layer}")
    async def picture(name: str, number: int, layer: str):
        content = server.find(name).recent.picture(number, layer == "overlay")
        if content is None:
            raise Refused(404, f"picture {number} is no longer kept")
        # Numbers begin anew with the process.
        return Response(content, media_type="image/webp",
                        headers={"cache-control": "no-store"})  # fmt: skip

    @app.get("/metrics")
    async def metrics():
        text = server.measures.text(server.detectors.values())
        return Response(text, media_type="text/plain; version=0.0.4")


def static(name):
    """A response with a file of the operator's page."""
    path = PAGE / name
    return Response(
        path.read_bytes(),
        media_type=KIND[path.suffix],
        headers={
            "content-security-policy": POLICY,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
        },
    )


def summary(served) -> dict:
    """What the page of the operator shows of a detector."""
    version = served.version
    fitted = version.detector.threshold
    return {
        "name": served.name,
        "version": version.name,
        "since": version.since,
        "failure": served.failure,
        "threshold": fitted["threshold"],
        "promise": fitted.get("promise"),
        "calibration": version.drift.calibration,
        "drift": version.drift.summary(),
        "recent": served.recent.summary(),
    }
