"""The script that draws live charts, made in a thread beside other work: it takes seconds, and no GIL."""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

import vl_convert


@cache
def begin() -> Future[str]:
    """Begin to make the script, once; the result is that of `script`."""
    maker = ThreadPoolExecutor(1, "vega")
    made = maker.submit(vl_convert.javascript_bundle, "window.vegaEmbed = vegaEmbed;")
    maker.shutdown(wait=False)
    return made


def script() -> str:
    """Return Vega with its expression interpreter, as vl-convert bundles it, when it is made.

    Its `vegaEmbed` with `ast: true` evaluates no text as code, so the page's policy need not allow that.
    """
    return begin().result()
