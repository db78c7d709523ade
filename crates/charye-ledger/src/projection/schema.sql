-- The projections: written behind the journal by the projector, rebuilt by `charye projection rebuild`, read by anyone.
-- Plain SQL. On PostgreSQL read INTEGER as BIGINT; on a distributed one the distribution key named at each table joins
-- its primary key. Constraints are auditors: a row that breaks one is kept with breach = 1 and told of in `violations`.
-- `mark` is the hash of a row's other columns and `sums` adds the marks up: a row changed, added or removed by hand is
-- noticed, and everything is filled from the journal again.

-- How far the journal is written here: one row.
CREATE TABLE applied (
  id                       INTEGER PRIMARY KEY CHECK (id = 1),
  seq                      INTEGER NOT NULL,  -- last entry written
  at_ms                    INTEGER NOT NULL,  -- its time, milliseconds since 1970
  violations               INTEGER NOT NULL,  -- found so far; `violations` keeps the first 10,000
  slots_fingerprint        INTEGER NOT NULL,  -- running sum over slots, equal to the book's (law I14)
  mark                     INTEGER NOT NULL
);

-- What the rows of each part of a table add up to: a part is the rows with id / 65,536 = part, of slots id / 262,144.
CREATE TABLE sums (
  of_table TEXT    NOT NULL,
  part     INTEGER NOT NULL,
  total    INTEGER NOT NULL,  -- sum of the rows' marks, wrapping around
  PRIMARY KEY (of_table, part)
) WITHOUT ROWID;

CREATE TABLE violations (
  id     INTEGER PRIMARY KEY,
  law    TEXT    NOT NULL,  -- I1, I2, I7, I14: docs/laws
  seq    INTEGER NOT NULL,  -- the entry that broke it
  detail TEXT    NOT NULL,
  mark   INTEGER NOT NULL
);

-- Reference table: a copy on every node.
CREATE TABLE campaigns (
  campaign  INTEGER PRIMARY KEY,
  version   INTEGER NOT NULL,
  code      TEXT    NOT NULL,
  name_ko   TEXT    NOT NULL,
  name_en   TEXT    NOT NULL,
  first_day TEXT    NOT NULL,
  last_day  TEXT    NOT NULL,
  mark      INTEGER NOT NULL
);

-- Reference table: a copy on every node.
CREATE TABLE clinics (
  clinic   INTEGER PRIMARY KEY,
  code     TEXT    NOT NULL,
  kind     TEXT    NOT NULL,
  name_ko  TEXT    NOT NULL,
  name_en  TEXT    NOT NULL,
  district INTEGER NOT NULL,
  address  TEXT    NOT NULL,
  phone    TEXT    NOT NULL,
  lat_e6   INTEGER,           -- millionths of a degree, WGS84
  lon_e6   INTEGER,
  mark     INTEGER NOT NULL
);

-- What a clinic gives: one dose of one product in one campaign. Written with each import, so that a reservation need not
-- touch it. Its slots of a day: WHERE slot BETWEEN first_slot AND last_slot AND clinic_row = .. AND day = .. (after a
-- second import other clinics' slots may lie between). Distribution key: clinic.
CREATE TABLE clinic_rows (
  clinic_row INTEGER PRIMARY KEY,
  campaign   INTEGER NOT NULL,
  clinic     INTEGER NOT NULL,
  product    INTEGER NOT NULL,
  dose       INTEGER NOT NULL,
  first_slot INTEGER NOT NULL,
  last_slot  INTEGER NOT NULL,
  mark       INTEGER NOT NULL
);
CREATE INDEX clinic_rows_by_clinic ON clinic_rows (clinic);

-- Slots of which a place was ever claimed: narrow rows, because they are touched at random. The slots of a clinic's day
-- are neighbours. Distribution key: clinic_row.
CREATE TABLE slots (
  slot       INTEGER PRIMARY KEY,
  clinic_row INTEGER NOT NULL,
  day        TEXT    NOT NULL,  -- 2021-08-26
  start      TEXT    NOT NULL,  -- 09:00
  wanted     INTEGER NOT NULL,  -- capacity as last imported
  capacity   INTEGER NOT NULL,  -- the same, but never less than was claimed when it was lowered
  held       INTEGER NOT NULL,
  reserved   INTEGER NOT NULL,
  breach     INTEGER NOT NULL DEFAULT 0,
  mark       INTEGER NOT NULL,
  CONSTRAINT no_oversell CHECK (breach = 1 OR (held >= 0 AND reserved >= 0 AND held + reserved <= capacity))
);

-- Open holds. Distribution key: person.
CREATE TABLE holds (
  hold        INTEGER PRIMARY KEY,
  person      INTEGER NOT NULL,
  campaign    INTEGER NOT NULL,
  first_slot  INTEGER NOT NULL,
  second_slot INTEGER,
  expires_ms  INTEGER NOT NULL,
  mark        INTEGER NOT NULL
);

-- Reservations, a row for each dose. Distribution key: person. There is no index by slot: it would cost each dose a page
-- touched at random, and nothing here asks for it. Who comes to a clinic is read through, or joined from `slots`.
CREATE TABLE reservations (
  id          INTEGER PRIMARY KEY,  -- reservation * 2 + place
  reservation INTEGER NOT NULL,
  place       INTEGER NOT NULL,     -- 0 the first, 1 the second
  number      INTEGER NOT NULL,     -- what the citizen quotes
  person      INTEGER NOT NULL,
  campaign    INTEGER NOT NULL,
  dose        INTEGER NOT NULL,
  slot        INTEGER NOT NULL,
  state       TEXT    NOT NULL,     -- reserved, checked_in, administered, no_show, cancelled
  reserved_ms INTEGER NOT NULL,
  changed_ms  INTEGER NOT NULL,
  breach      INTEGER NOT NULL DEFAULT 0,
  mark        INTEGER NOT NULL
);
-- Reserved, checked in or administered. Not `state IN (..)`: for three of them SQLite makes a table of its own at every row.
CREATE UNIQUE INDEX one_active_reservation ON reservations (person, campaign, dose)
  WHERE breach = 0 AND state <> 'no_show' AND state <> 'cancelled';

-- How lines were steered, by whom and why: one row for each time. Distribution key: campaign.
CREATE TABLE steerings (
  seq      INTEGER PRIMARY KEY,  -- the entry
  at_ms    INTEGER NOT NULL,
  campaign INTEGER NOT NULL,
  opening  INTEGER NOT NULL,
  actor    TEXT    NOT NULL,     -- operator 7, or charye itself
  what     TEXT    NOT NULL,     -- terms, pause, resume, open_at, close_to_arrivals, reopen_to_arrivals, message, drain
  detail   TEXT    NOT NULL,
  note     TEXT    NOT NULL,     -- why
  mark     INTEGER NOT NULL
);

-- What operators said of identity providers, who and why: one row for each time. Distribution key: provider.
CREATE TABLE provider_orders (
  seq         INTEGER PRIMARY KEY,  -- the entry
  at_ms       INTEGER NOT NULL,
  provider    TEXT    NOT NULL,     -- its id in the configuration
  actor       TEXT    NOT NULL,     -- operator 7
  word        TEXT    NOT NULL,     -- open, closed, capped
  at_once_max INTEGER,              -- questions at once, of a cap
  note        TEXT    NOT NULL,     -- why
  mark        INTEGER NOT NULL
);

-- The steps of draws. Distribution key: campaign.
CREATE TABLE draw_steps (
  seq      INTEGER PRIMARY KEY,  -- the entry
  at_ms    INTEGER NOT NULL,
  campaign INTEGER NOT NULL,
  opening  INTEGER NOT NULL,
  step     TEXT    NOT NULL,     -- committed, closed, revealed, placed
  people   INTEGER NOT NULL,     -- on the list when it was closed; given a place
  mark     INTEGER NOT NULL
);

-- People called, by the minute. Distribution key: campaign.
CREATE TABLE calls (
  id        INTEGER PRIMARY KEY,  -- campaign * 2^40 + opening * 2^32 + minutes since 1970
  campaign  INTEGER NOT NULL,
  opening   INTEGER NOT NULL,
  minute_ms INTEGER NOT NULL,
  overtaken INTEGER NOT NULL,
  returners INTEGER NOT NULL,
  line      INTEGER NOT NULL,
  mark      INTEGER NOT NULL
);
