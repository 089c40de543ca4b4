#!/usr/bin/env python3
"""Has a TrActor server process a capture, waits for it, and prints what was counted.

Needs Python 3.8 and its standard library. Exit codes: 0 the job has finished; 1 it has not, or the
server did not answer; 2 wrong usage.
"""

import argparse
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request

EVERY_S = 1
ANSWER_TIMEOUT_S = 30
# A server that is started again goes on with its jobs: so long it is waited for.
PATIENCE_S = 30
OVER = ("finished", "failed", "cancelled")


class Trouble(Exception):
    """Why there is no answer, in a sentence. Some of it passes."""

    def __init__(self, sentence, passes):
        super().__init__(sentence)
        self.passes = passes


class StayHere(urllib.request.HTTPRedirectHandler):
    """No other place is shown the token."""

    def redirect_request(self, *_):
        return None


class Client:
    def __init__(self, server, token=None):
        self.server = server.rstrip("/")
        self.token = token
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), StayHere)

    def ask(self, path, body=None, etag=None):
        """The answer and its mark; no answer where that which has the mark is still so."""
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if etag:
            headers["If-None-Match"] = etag
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        request = urllib.request.Request(self.server + path, data=body, headers=headers)
        try:
            with self.opener.open(request, timeout=ANSWER_TIMEOUT_S) as answer:
                return json.load(answer), answer.headers.get("ETag")
        except urllib.error.HTTPError as answer:
            with answer:
                if answer.code == 304:
                    return None, etag
                raise Trouble(refusal(answer), answer.code == 503) from None
        except (OSError, http.client.HTTPException) as cause:
            why = getattr(cause, "reason", None) or cause
            why = getattr(why, "strerror", None) or why
            raise Trouble(f"{self.server} cannot be asked: {why}", True) from None
        except ValueError as cause:
            sentence = f"{self.server} does not answer as tractor serve does: {cause}"
            raise Trouble(sentence, False) from None

    def ask_patiently(self, path, etag=None):
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.ask(path, etag=etag)
            except Trouble as trouble:
                if not trouble.passes or time.monotonic() > until:
                    raise
                time.sleep(EVERY_S)

    def process(self, file_name):
        """Asks for a job. The answer comes at once."""
        return self.ask("/files/process", body={"file_name": file_name})[0]

    def watch(self, job):
        """What the server says of a job, each time that it changes, until the job is over."""
        etag = None
        while True:
            status, etag = self.ask_patiently(f"/file/{job}/status", etag)
            if status is not None:
                yield status
                if status["state"] in OVER:
                    return
            time.sleep(EVERY_S)

    def statistics(self, job):
        """Counts of flows by title, largest first. A job that runs has some, too."""
        return self.ask_patiently(f"/file/{job}/statistics")[0]


def refusal(answer):
    """The sentence of the API's shape of errors, if it is one."""
    try:
        return f"{json.load(answer)['message'].rstrip('.')} ({answer.code})"
    except (OSError, ValueError, LookupError, TypeError, AttributeError, http.client.HTTPException):
        return f"the server answered {answer.code} {answer.reason}"


def printable(text):
    """Names come from captures: they may hold what a terminal obeys."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(text))


def line(status):
    parts = [status["state"]]
    progress = status.get("progress")
    if progress:
        parts.append(f"{int(progress['share'] * 100)} %, {progress['packets']:,} packets")
    if status.get("waiting"):
        parts.append(f"waits for {status['waiting']}")
    if status.get("message"):
        parts.append(status["message"])
    return printable(", ".join(parts))


def table(statistics):
    for item in statistics:
        yield f"{printable(item['title']):40} {'flows':>12}"
        for entry in item["content"]:
            yield f"{printable(entry['label']):40} {entry['count']:>12,}"
        yield ""


def read_token(path):
    with open(path, encoding="ascii") as file:
        return file.readline().strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("server", help="such as http://127.0.0.1:8080")
    parser.add_argument("file", help="a capture in the server's folder")
    parser.add_argument("--token-file", help="show the server the token in this file")
    arguments = parser.parse_args()
    if not arguments.server.startswith(("http://", "https://")):
        parser.error("the server begins with http://")
    token = None
    if arguments.token_file:
        try:
            token = read_token(arguments.token_file)
        except (OSError, ValueError) as cause:
            parser.error(f"cannot read {arguments.token_file}: {cause}")
    client = Client(arguments.server, token)
    status = client.process(os.path.basename(arguments.file))
    job = status["job_id"]
    for status in client.watch(job):
        print(f"job {job}: {line(status)}", file=sys.stderr)
    if status["state"] != "finished":
        return 1
    print("\n".join(table(client.statistics(job))), end="")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        sys.exit(f"error: {printable(trouble)}")
    except (KeyError, TypeError) as cause:
        sys.exit(f"error: the server does not answer as tractor serve does: {cause!r}")
    except KeyboardInterrupt:
        sys.exit(130)
