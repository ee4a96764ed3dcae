"""Has botocore check signed requests. Reads a list of them as JSON, and prints "ok" or the reason of a refusal for each."""

import base64
import json
import sys
from datetime import datetime, timezone

from sigv4 import Demands, Key, Refusal, Request, verify

results = []
for item in json.load(sys.stdin):
    request = Request(item["method"], item["target"], [tuple(pair) for pair in item["headers"]], base64.b64decode(item["body"]))
    key = Key(**item["key"])
    demands = Demands(item["region"], item["service"], {"x-amz-content-sha256"})
    try:
        verify(request, {key.id: key}, demands, datetime.now(timezone.utc))
        results.append("ok")
    except Refusal as refusal:
        results.append(refusal.reason)
print(json.dumps(results))
