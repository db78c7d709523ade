//! Bench: P. PostgreSQL's own pgbench, one transaction a reservation: guarded slot update, insert with unique person,
//! audit row; 16 clients, prepared, synchronous_commit=on. A server of our own on a socket in a temporary folder.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const SCRIPT: &str = r"
\set slot random(1, :slots)
\set person random(1000000001, 9000000000000)
BEGIN;
UPDATE slot SET taken = taken + 1 WHERE id = :slot AND taken < capacity;
INSERT INTO reservation (person, slot) VALUES (:person, :slot) ON CONFLICT DO NOTHING;
INSERT INTO audit (person, slot, what) VALUES (:person, :slot, 'reserved');
COMMIT;
";

pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    programs: PathBuf,
    slots: u64,
}

impl Postgres {
    /// A server with so many slots and reservations loaded, or `None` where there is no PostgreSQL.
    pub(crate) fn start(slots: u64, reservations: u32) -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let server = Self { folder, programs, slots };
        let cluster = server.folder.path().join("cluster");
        let cluster = cluster.to_str().unwrap();
        server.must("initdb", &["-D", cluster, "-A", "trust", "--no-sync", "-E", "UTF8"]);
        let settings = format!(
            "-c listen_addresses='' -c unix_socket_directories={} -c shared_buffers=1GB -c max_wal_size=8GB \
             -c synchronous_commit=on -c fsync=on",
            server.folder.path().display()
        );
        let log = format!("{}/log", server.folder.path().display());
        server.must("pg_ctl", &["-D", cluster, "-l", &log, "-w", "-o", &settings, "start"]);
        server.sql(&format!(
            "CREATE TABLE slot (id bigint PRIMARY KEY, capacity int NOT NULL, taken int NOT NULL DEFAULT 0);
             CREATE TABLE reservation (person bigint PRIMARY KEY, slot bigint NOT NULL);
             CREATE TABLE audit (seq bigserial PRIMARY KEY, person bigint, slot bigint, what text, at timestamptz DEFAULT now());
             INSERT INTO slot SELECT id, 8 FROM generate_series(1, {slots}) id;
             INSERT INTO reservation SELECT person, 1 + person % {slots} FROM generate_series(1, {reservations}) person;
             VACUUM ANALYZE;
             CHECKPOINT;"
        ));
        std::fs::write(server.folder.path().join("script.sql"), SCRIPT).unwrap();
        Some(server)
    }

    /// Transactions a second over this span.
    pub(crate) fn tps(&self, span: Duration) -> f64 {
        let script = self.folder.path().join("script.sql");
        let (script, secs, slots) =
            (script.to_str().unwrap().to_owned(), span.as_secs().to_string(), format!("slots={}", self.slots));
        let said = self.must(
            "pgbench",
            &[
                "-n",
                "-c",
                "16",
                "-j",
                "1",
                "-M",
                "prepared",
                "-T",
                &secs,
                "-D",
                &slots,
                "-f",
                &script,
                "-h",
                self.socket(),
                "postgres",
            ],
        );
        let line = said.lines().find(|line| line.starts_with("tps = ")).expect("pgbench tells its rate");
        line.split(' ').nth(2).unwrap().parse().unwrap()
    }

    fn sql(&self, text: &str) {
        for statement in text.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
            self.must("psql", &["-q", "-v", "ON_ERROR_STOP=1", "-h", self.socket(), "-c", statement, "postgres"]);
        }
    }

    fn socket(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// Runs a program of PostgreSQL's; initdb and the server refuse root, so everything runs as `postgres`.
    fn must(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(self.programs.join(program));
            command
        } else {
            Command::new(self.programs.join(program))
        };
        // pg_ctl leaves a server behind that would hold a pipe open for ever.
        let log = self.folder.path().join(format!("{program}.out"));
        let out = std::fs::File::create(&log).unwrap();
        let status = command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .status()
            .unwrap();
        let said = std::fs::read_to_string(&log).unwrap();
        assert!(status.success(), "{program}: {said}");
        said
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let cluster = self.folder.path().join("cluster");
        self.must("pg_ctl", &["-D", cluster.to_str().unwrap(), "-m", "immediate", "-w", "stop"]);
    }
}

/// Where the newest PostgreSQL's programs are, as Debian lays them out, if there is one.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> =
        Path::new("/usr/lib/postgresql").read_dir().ok()?.map(|entry| entry.unwrap().path().join("bin")).collect();
    versions.retain(|programs| programs.join("initdb").exists() && programs.join("pgbench").exists());
    versions.sort();
    versions.pop()
}
