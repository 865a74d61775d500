"""Print what is installed in this environment from an index, name and version: the same on both sides of a gate run."""

import importlib.metadata
import json
import sys

if __name__ == "__main__":
    found = {
        distribution.name: distribution.version
        for distribution in importlib.metadata.distributions()
        if distribution.read_text("direct_url.json") is None
    }
    json.dump(dict(sorted(found.items())), sys.stdout)
