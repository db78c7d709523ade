-- Wrapped data keys, apart from what they open: destroying a key destroys the person's details wherever they were copied.
-- A person has a second key only while their details are being replaced. Distribution key: person.
CREATE TABLE data_keys (
  person   INTEGER NOT NULL,
  key_mark BLOB NOT NULL,
  wrapped  BLOB NOT NULL,
  PRIMARY KEY (person, key_mark)
) STRICT, WITHOUT ROWID;
