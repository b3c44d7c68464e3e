#!/usr/bin/env bash
# The browser's half alone: types, style, and the pure parts in Node.
set -euo pipefail
cd "$(dirname "$0")"

# The type checker and the formatter, as pinned: fetched again only when the pins change.
if ! cmp -s package-lock.json node_modules/.fetched; then
    npm ci --silent --no-audit --no-fund || {
        echo "tests/js: npm could not fetch TypeScript and Prettier; is registry.npmjs.org reachable?" >&2
        exit 1
    }
    cp package-lock.json node_modules/.fetched
fi
npm run --silent check
node --test
