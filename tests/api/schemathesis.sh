#!/bin/sh
# Schemathesis against a demo of its own: requests generated from the OpenAPI document, well- and ill-formed, a fixed seed,
# a bounded time. Installs the pinned tool under target/; where that cannot be, says so and skips. Ends only what it started.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
program=${CHARYE_PROGRAM:-$root/target/release/charye}
version=4.32.5
tools=$root/target/schemathesis-$version
seconds=${SCHEMATHESIS_SECONDS:-45}

if [ ! -x "$tools/bin/schemathesis" ]; then
    if ! { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"; }; then
        rm -rf "$tools"
        echo "SKIPPED: schemathesis $version cannot be installed here"
        echo "0 passed, 0 failed"
        exit 0
    fi
fi

folder=$(mktemp -d)
mkfifo "$folder/said"
"$program" demo --listen 127.0.0.1:0 --scale 4 --data "$folder/data" >"$folder/said" &
demo=$!
trap 'kill "$demo" 2>/dev/null; wait "$demo"; rm -rf "$folder"' EXIT
# Kept open, so that whatever the demo says later does not end it.
exec 3<"$folder/said"
url=
while read -r word rest <&3; do
    if [ "$word" = ready ]; then url=$rest; break; fi
done

if [ -n "$url" ] && PATH="$tools/bin:$PATH" sh "$root/crates/charye-web/tests/schemathesis.sh" "$url" "$seconds"; then
    echo "1 passed, 0 failed"
else
    echo "0 passed, 1 failed"
    exit 1
fi
