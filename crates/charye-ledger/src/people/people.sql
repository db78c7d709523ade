-- The people store: sealed columns, two look-up columns, a MAC over the row. Distribution key: person.
-- Nothing here opens without the person's data key, which lies in another file.
CREATE TABLE people (
  person          INTEGER PRIMARY KEY,
  key_mark        BLOB NOT NULL,     -- which data key: people-keys.db
  name            BLOB NOT NULL,     -- sealed
  birth_date      BLOB NOT NULL,     -- sealed
  phone           BLOB NOT NULL,     -- sealed; empty text if none
  phone_hash      BLOB,              -- keyed hash, NULL without a phone
  name_birth_hash BLOB NOT NULL,     -- keyed hash
  mac_key         INTEGER NOT NULL,  -- installation key of hashes and MAC
  mac             BLOB NOT NULL
) STRICT;
CREATE INDEX people_by_identifiers ON people (phone_hash, name_birth_hash) WHERE phone_hash IS NOT NULL;
