"""The page over the OpenAPI document: Swagger UI from the files of swagger-ui-bundle, and nothing from elsewhere."""

from pathlib import Path

import swagger_ui_bundle
from flask import Flask, Response, abort, send_file

UI = Path(swagger_ui_bundle.swagger_ui_path)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>OpAMP package service</title>
<link rel="stylesheet" href="swagger/swagger-ui.css">
<link rel="icon" type="image/png" href="swagger/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="swagger/swagger-ui-bundle.js"></script>
<script src="swagger/start.js"></script>
</body>
</html>
"""
"""Its links are relative: they hold under the path that a proxy may put before."""

START = """// Operations are tried where this page came from: server.public_url may be another name of the same service,
// to which the page's policy lets nothing go.
fetch("openapi.json").then((answer) => answer.json()).then((spec) => {
  spec.servers = [{url: new URL(".", location.href).href.replace(/\\/$/, "")}];
  window.ui = SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    deepLinking: true,
    persistAuthorization: true,
    // Fields of a form that are left empty would be sent as empty texts.
    requestInterceptor: (request) => {
      if (request.body instanceof FormData) {
        [...request.body].filter(([, value]) => value === "").forEach(([name]) => request.body.delete(name));
      }
      return request;
    },
    showExtensions: true,
    validatorUrl: null,
  });
}).catch((error) => {
  document.getElementById("swagger-ui").textContent = `openapi.json does not load: ${error}`;
});
"""
"""A file of its own, so that the page's policy can refuse every script that stands in a page."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Only our own files, and the pictures that stand in Swagger UI's style sheet."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

TYPES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
A_DAY = 86400


def page() -> Response:
    """The page itself."""
    return Response(PAGE, headers=HEADERS, content_type="text/html; charset=utf-8")


def page_file(name: str) -> Response:
    """One of the page's files; 404 for any other."""
    if name == "start.js":
        response = Response(START, content_type="text/javascript; charset=utf-8")
    elif name in TYPES:
        response = send_file(UI / name, mimetype=TYPES[name], max_age=A_DAY)
    else:
        abort(404)
    response.headers.update(HEADERS)
    return response


def register(app: Flask) -> None:
    """Serve the page's files."""
    app.add_url_rule("/swagger/<name>", "swagger_file", page_file, methods=["GET"])
