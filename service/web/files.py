"""Files up (/v1/files, and by people /send/{token}/{name}) and down (/files/{token}/{name})."""

from __future__ import annotations

import secrets
from html import escape

from flask import Blueprint, Response, jsonify, request, send_file

from service.errors import InvalidParameters
from service.languages import say, speaking
from service.sessions.model import MOST_OFFERED, PLACES, Offer, Upload, mime_type
from service.sessions.session import Session
from service.web.access import SESSION_HEADER, check_id, session_of_request, target_of
from service.web.body import json_object
from service.web.headers import NOTHING
from service.web.pages import send_page, wanted_language
from service.web.state import state

routes = Blueprint("files", __name__)


@routes.post("/v1/files")
def upload() -> Response:
    """Take one file, as multipart field ``file``; ``source`` may hold the caller's id of it."""
    _expect_a_file()
    session = session_of_request()
    found = _received(session)
    entry = {
        "id": found.id,
        "name": found.name,
        "size": found.size,
        "mime_type": mime_type(found.name),
    }
    response = jsonify({"file": entry})
    response.status_code = 201
    response.headers[SESSION_HEADER] = session.data.id
    return response


def _expect_a_file() -> None:
    # The limit has to stand before anything reads the body, and below the field names are read.
    request.max_content_length = state().settings.max_upload_mb << 20
    # The same limit holds for what the parser keeps of a file, two reads of 64 KiB and more.
    request.max_form_memory_size = 1 << 20


def _received(session: Session) -> Upload:
    """The file that came with the request, kept for the session."""
    file = request.files.get("file")
    strange = (set(request.files) | set(request.form)) - {"file", "source"}
    if strange or file is None or len(request.files.getlist("file")) > 1 or not file.filename:
        raise InvalidParameters(
            'The upload needs exactly one file in the multipart field "file"'
            + (f"; {sorted(strange)[0]!r} means nothing here." if strange else "."),
            "Send it as multipart/form-data: file=@sales.xlsx, and source=<your id> if you like.",
        )
    source = request.form.get("source", "")
    origin = check_id(source, "source") if source else ""
    kept = state().sessions.parts.store.path(f"uploads.new/{secrets.token_hex(16)}")
    try:
        file.save(kept)
        return state().sessions.upload(session, kept, file.filename, origin)
    finally:
        kept.unlink(missing_ok=True)


@routes.put("/v1/files")
def offer() -> Response:
    """Take the names of the files that the caller could send; they replace those of before.

    An operation that is asked for one of them is answered with ``file_not_sent``.
    """
    body = json_object()
    files = body.get("files")
    if set(body) != {"files"} or not isinstance(files, list) or len(files) > MOST_OFFERED:
        raise InvalidParameters(
            f'The body is not {{"files": [...]}} with at most {MOST_OFFERED:,} files.',
            f"Send for each file of the chat {_OFFER}.",
        )
    offers = [_offer(item) for item in files]
    session = session_of_request()
    state().sessions.offer(session, offers)
    response = jsonify({"files": len(offers)})
    response.headers[SESSION_HEADER] = session.data.id
    return response


_OFFER = (
    '{"id", "name"}, and if known "time" (Unix time), "place" (chat, folder, knowledge or '
    'delivered) and "digest" (SHA-256)'
)


def _offer(item: object) -> Offer:
    fields = item if isinstance(item, dict) else {}
    time, place, digest = (
        fields.get("time", 0),
        fields.get("place", "chat"),
        fields.get("digest", ""),
    )
    fits = (
        {"id", "name"} <= set(fields) <= {"id", "name", "time", "place", "digest"}
        and place in PLACES
        and isinstance(time, int | float)
        and 0 <= time < 1e11
        and isinstance(digest, str)
        and len(digest) <= 64
    )
    if not fits:
        raise InvalidParameters("A file in files is not what it should be.", f"Send {_OFFER}.")
    return Offer(
        check_id(fields["id"], "id"), check_id(fields["name"], "name"), time, place, digest
    )


@routes.get("/send/<token>/<name>")
def sending(token: str, name: str) -> Response:
    """A page by which a person sends a file to the chat that the signed link belongs to."""
    state().sessions.receiving(target_of(token))
    with speaking(wanted_language(), "web"):
        return send_page(say("Send a file to the chat"), _form(say("Send")))


@routes.post("/send/<token>/<name>")
def sent(token: str, name: str) -> Response:
    """Take the file that the page sends."""
    _expect_a_file()
    found = _received(state().sessions.receiving(target_of(token)))
    with speaking(wanted_language(), "web"):
        text = say(
            "<b>{name}</b> has arrived. Go back to the chat and say so.", name=escape(found.name)
        )
        return send_page(say("Thank you"), f"<p>{text}</p>{_form(say('Send another file'))}")


def _form(label: str) -> str:
    most = state().settings.max_upload_mb
    told = say("An Excel workbook or a CSV file, up to {most} MiB", most=most)
    return (
        # To its own address: the public one may begin with a path.
        '<form method="post" enctype="multipart/form-data">'
        f'<p><label>{escape(told)}<br><input type="file" name="file" required></label></p>'
        f"<p><button>{escape(label)}</button></p></form>"
    )


@routes.get("/files/<token>/<name>")
def download(token: str, name: str) -> Response:
    """The file that a signed link leads to. The name in the link is for people only."""
    with state().sessions.file(target_of(token)) as (path, real_name):
        response = send_file(  # opens the file here; it may be replaced by a newer one afterwards
            path,
            mimetype=mime_type(real_name),
            as_attachment=True,
            download_name=real_name,
            conditional=True,
            etag=True,
            max_age=0,
        )
    response.headers["Cache-Control"] = "private, no-cache"  # asked for anew, by its ETag
    # Where a browser shows it after all, it shows a file and runs nothing.
    response.headers["Content-Security-Policy"] = f"sandbox; {NOTHING}"
    return response
