#!/bin/sh
# Schemathesis against a running demo: generated requests, well- and ill-formed, with a fixed seed and a bounded time.
#
#   charye demo --listen 127.0.0.1:0 --scale 5 --fresh     prints: ready http://ADDR:PORT
#   crates/charye-web/tests/schemathesis.sh http://ADDR:PORT [SECONDS]
#
# Needs `schemathesis` (PyPI, 4.x), `curl` and `python3` on the path. Signs in as the first of the demo's people who may
# reserve now, goes in, and sends both proofs with every request. Ends with schemathesis' own exit code: 0 if every check
# held.
#
# Left out, with reasons:
#   unsupported_method            TRACE and the like are answered 405 on every path; asking each is slow and says no more.
#   positive_data_acceptance      a rule may refuse a well-formed request; that is what most of the codes are for.
#   missing_required_header       takes a missing key for a missing proof; the crate's own tests ask without either.
set -eu

base=$1
seconds=${2:-60}

member() { python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1], ""))' "$1"; }

citizen=$(curl -sf "$base/sign-in?may=1" | sed -n 's/.*name="citizen" value="\([0-9]*\)".*/\1/p' | head -n 1)
login=$(curl -sf -X POST -H 'Content-Type: application/json' -d "{\"citizen\":${citizen:-0}}" "$base/api/v1/sign-in" | member login)
campaign=$(curl -sf "$base/api/v1/campaigns" | python3 -c 'import json, sys; print(json.load(sys.stdin)["campaigns"][0]["code"])')
pass=$(curl -s -X POST -H "Authorization: Bearer $login" "$base/api/v1/campaigns/$campaign/visit" | member pass)
if [ -z "$login" ] || [ -z "$pass" ]; then
    echo "schemathesis.sh: could not sign in and go in at $base" >&2
    exit 2
fi

# The hold, reservation and campaign of every request are made up, so most are refused: the refusals are what is checked.
# Going out would void the pass for every later request.
exec schemathesis --config-file "$(dirname "$0")/schemathesis.toml" run "$base/api/v1/openapi.json" \
    --url "$base" \
    --seed 2021 --max-time "$seconds" --max-examples 60 --request-timeout 5 --workers 1 \
    --phases examples,coverage,fuzzing \
    --mode all --checks all \
    --exclude-checks unsupported_method,positive_data_acceptance,missing_required_header \
    --exclude-operation-id delete_campaigns_campaign_visit --exclude-operation-id post_campaigns_campaign_visit \
    --header "Authorization: Bearer $login" --header "Charye-Pass: $pass" \
    --suppress-health-check all --warnings off --no-color
