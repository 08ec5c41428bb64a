"""Reading the JSON body of a request."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from flask import request

from service.errors import InvalidParameters


def json_object() -> dict[str, Any]:
    """The body as a JSON object; no body is an empty one.

    :raises InvalidParameters: if it is no JSON object, or holds what JSON does not allow
    """
    data = request.get_data(cache=False)
    if not data.strip():
        return {}
    try:
        # Decoded here, because json would take halves of surrogate pairs in raw bytes.
        body = _decoder.decode(data.decode("utf-8-sig"))
        if b"\\u" in data:
            # Half a surrogate pair is a valid JSON escape, but no text.
            json.dumps(body, ensure_ascii=False).encode()
    except InvalidParameters:
        raise
    except (ValueError, RecursionError) as error:
        raise InvalidParameters(
            f"The body is not JSON: {str(error)[:120]}.", "Send one JSON object, in UTF-8."
        ) from None
    if not isinstance(body, dict):
        raise InvalidParameters(
            f"The body is a JSON {type(body).__name__}.", "Send one JSON object of parameters."
        )
    return body


def _no_constant(name: str) -> NoReturn:
    raise InvalidParameters(
        f"The body holds {name}, which is no JSON number.", "Send null for a blank cell."
    )


_decoder = json.JSONDecoder(parse_constant=_no_constant)
