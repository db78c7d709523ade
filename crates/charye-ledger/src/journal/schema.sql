-- The journal: docs/reference/journal-format.md. Insert-only; application_id is "CHRY".
BEGIN;
CREATE TABLE journal (
    first_seq     INTEGER PRIMARY KEY CHECK (first_seq >= 1),
    epoch         INTEGER NOT NULL CHECK (epoch >= 1),
    at            INTEGER NOT NULL,
    count         INTEGER NOT NULL CHECK (count >= 1),
    previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
    hash          BLOB NOT NULL CHECK (length(hash) = 32),
    entries       BLOB NOT NULL
) STRICT;
-- Who led when: the highest epoch leads, and a row of any other is refused inside its own transaction.
CREATE TABLE leader (
    epoch INTEGER PRIMARY KEY CHECK (epoch >= 1)
) STRICT;
PRAGMA application_id = 1128813145;
PRAGMA user_version = 1;
COMMIT;
