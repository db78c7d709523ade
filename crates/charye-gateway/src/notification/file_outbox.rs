//! Room: gateway/notification. The sender of demonstrations and rehearsals: messages become lines of JSON in a folder, for
//! people and tests to read. Made by `server/wiring`, called by the engine's messenger thread.
//!
//! Nobody is ever reached through it, so it looks no name or telephone number up: lines carry the person's number in the
//! journal. A message handed over twice is written once: ids ascend, and the last one written is found again at a start.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use charye_engine::ports::{Message, MessageSender, SendFailure, Tells};
use serde::{Deserialize, Serialize};

/// Bytes from which on a new file is begun.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Files kept; the oldest goes when one more begins.
const FILES_MAX: usize = 8;
/// No line is longer; the last one is looked for in as many bytes from the end.
const LINE_BYTES_MAX: u64 = 4_096;

/// A folder of files `outbox-N.jsonl`, N being the id of the first message in it.
pub struct FileOutbox {
    folder: PathBuf,
    file: File,
    file_bytes: u64,
    file_bytes_max: u64,
    last_id: u64,
}

/// One line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    id: u64,
    person: u32,
    kind: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reservation: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// Of an invitation to help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    ko: Cow<'static, str>,
    en: Cow<'static, str>,
}

impl Line {
    fn of(message: &Message) -> Self {
        let reservation = match message.tells {
            Tells::Reserved { reservation, .. }
            | Tells::Rescheduled { reservation }
            | Tells::Cancelled { reservation } => Some(reservation.0),
            Tells::HelpCode { .. } | Tells::HelpStands { .. } => None,
        };
        let (mut told_number, mut told_code) = (None, None);
        let (kind, ko, en) = match message.tells {
            Tells::Reserved { number, .. } => {
                let number = told_number.insert(number.to_string());
                let ko = format!("예약되었습니다. 예약번호 {number}");
                let en = format!("You have reserved. Reservation number {number}");
                ("reserved", Cow::Owned(ko), Cow::Owned(en))
            }
            Tells::Rescheduled { .. } => {
                ("rescheduled", "예약이 변경되었습니다.".into(), "Your reservation was changed.".into())
            }
            Tells::Cancelled { .. } => {
                ("cancelled", "예약이 취소되었습니다.".into(), "Your reservation was cancelled.".into())
            }
            Tells::HelpCode { code } => {
                let code = told_code.insert(code.to_string());
                let ko = format!(
                    "확인번호 {code}(30분 동안 유효). 내 예약을 대신할 분에게만 알려 주세요. 어떤 기관이나 상담원도 이 번호를 묻지 않습니다."
                );
                let en = format!(
                    "Code {code}, valid for 30 minutes. Give it only to the person who is to act for you. No office or agent will ever ask you for it."
                );
                ("help_code", Cow::Owned(ko), Cow::Owned(en))
            }
            Tells::HelpStands { .. } => (
                "help_stands",
                "이제 다른 분이 내 예약을 대신할 수 있습니다. 원하지 않으시면 ‘대신 예약’에서 언제든지 끝내실 수 있습니다.".into(),
                "Someone can now act for you. If you do not want this, you can end it under “Helping” at any time."
                    .into(),
            ),
        };
        Self {
            id: message.id.0,
            person: message.person.0,
            kind: kind.into(),
            reservation,
            number: told_number,
            code: told_code,
            ko,
            en,
        }
    }
}

impl FileOutbox {
    /// Opens the folder (mode 0700), and goes on after the last whole line in it. A line cut off by a crash is removed.
    ///
    /// # Errors
    /// What the operating system says, or a file in the folder is not an outbox.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Self::open_with(folder, FILE_BYTES_MAX)
    }

    fn open_with(folder: &Path, file_bytes_max: u64) -> io::Result<Self> {
        if !folder.exists() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let newest = files(folder)?.pop().unwrap_or_else(|| file_name(folder, 0));
        let mut file = open_file(&newest)?;
        let (file_bytes, last_id) = last_line(&mut file)?;
        file.set_len(file_bytes)?;
        // A file begun just before a crash is empty; its name tells that every id below it was written.
        let last_id = last_id.unwrap_or_else(|| first_id(&newest).saturating_sub(1));
        Ok(Self { folder: folder.to_owned(), file, file_bytes, file_bytes_max, last_id })
    }

    fn write(&mut self, messages: &[Message]) -> io::Result<()> {
        let fresh: Vec<&Message> = messages.iter().filter(|message| message.id.0 > self.last_id).collect();
        let (Some(first), Some(last)) = (fresh.first(), fresh.last()) else { return Ok(()) };
        if self.file_bytes >= self.file_bytes_max {
            self.begin_file(first.id.0)?;
        }
        let mut text = Vec::new();
        for message in &fresh {
            serde_json::to_writer(&mut text, &Line::of(message))?;
            text.push(b'\n');
        }
        let written = self
            .file
            .seek(SeekFrom::Start(self.file_bytes))
            .and_then(|_| self.file.write_all(&text))
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Best effort: the next try writes over what is left in any case, and a start removes a torn line.
            let _ = self.file.set_len(self.file_bytes);
            return Err(error);
        }
        self.file_bytes += text.len() as u64;
        self.last_id = last.id.0;
        Ok(())
    }

    fn begin_file(&mut self, first_id: u64) -> io::Result<()> {
        self.file = open_file(&file_name(&self.folder, first_id))?;
        self.file_bytes = 0;
        let files = files(&self.folder)?;
        for old in files.iter().take(files.len().saturating_sub(FILES_MAX)) {
            std::fs::remove_file(old)?;
        }
        File::open(&self.folder)?.sync_all()
    }
}

impl MessageSender for FileOutbox {
    fn send(&mut self, messages: &[Message]) -> Result<usize, SendFailure> {
        self.write(messages).map_err(|error| SendFailure(error.into()))?;
        Ok(messages.len())
    }
}

fn file_name(folder: &Path, first_id: u64) -> PathBuf {
    folder.join(format!("outbox-{first_id:020}.jsonl"))
}

fn first_id(path: &Path) -> u64 {
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    name.strip_prefix("outbox-").and_then(|id| id.parse().ok()).unwrap_or(0)
}

/// The outbox files, oldest first.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with("outbox-") && name.ends_with(".jsonl"));
        if is_ours {
            files.push(folder.join(name));
        }
    }
    files.sort();
    Ok(files)
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Where the last whole line ends, and its id; `(0, None)` without one.
fn last_line(file: &mut File) -> io::Result<(u64, Option<u64>)> {
    let len = file.metadata()?.len();
    // The torn line and the whole one before it, at worst.
    let from = len.saturating_sub(2 * LINE_BYTES_MAX);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(2 * LINE_BYTES_MAX).read_to_end(&mut tail)?;
    let Some(end) = tail.iter().rposition(|byte| *byte == b'\n') else {
        return if from == 0 { Ok((0, None)) } else { Err(not_an_outbox()) };
    };
    let start = tail[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
    let line: Line = serde_json::from_slice(&tail[start..end]).map_err(|_| not_an_outbox())?;
    Ok((from + end as u64 + 1, Some(line.id)))
}

fn not_an_outbox() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the last line is not a message")
}

#[cfg(test)]
mod tests {
    use charye_domain::ids::{HelpId, MessageId, Person, ReservationId, ReservationNumber};
    use charye_engine::helping::HelpCode;
    use tempfile::TempDir;

    use super::*;

    fn message(id: u64) -> Message {
        let reservation = ReservationId(id as u32);
        let tells = match id % 3 {
            0 => Tells::Reserved { reservation, number: ReservationNumber::from_random(id) },
            1 => Tells::Rescheduled { reservation },
            _ => Tells::Cancelled { reservation },
        };
        Message { id: MessageId(id), person: Person(id as u32 + 100), tells }
    }

    fn messages(ids: impl IntoIterator<Item = u64>) -> Vec<Message> {
        ids.into_iter().map(message).collect()
    }

    fn lines(folder: &TempDir) -> Vec<Line> {
        let texts = files(folder.path()).unwrap().into_iter().map(|file| std::fs::read_to_string(file).unwrap());
        texts
            .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
            .collect()
    }

    fn ids(folder: &TempDir) -> Vec<u64> {
        lines(folder).iter().map(|line| line.id).collect()
    }

    #[test]
    fn messages_become_neutral_lines() {
        let folder = TempDir::new().unwrap();
        let mut outbox = FileOutbox::open(&folder.path().join("outbox")).unwrap();
        assert_eq!(outbox.send(&messages([3, 4, 5])).unwrap(), 3);
        let text = std::fs::read_to_string(file_name(&folder.path().join("outbox"), 0)).unwrap();
        let number = ReservationNumber::from_random(3).to_string();
        assert!(text.lines().next().unwrap().contains(&number));
        for told in ["접종", "백신", "vaccin"] {
            assert!(!text.contains(told), "{told}");
        }
        let kinds: Vec<_> = text.lines().map(|line| serde_json::from_str::<Line>(line).unwrap().kind).collect();
        assert_eq!(kinds, ["reserved", "rescheduled", "cancelled"]);
    }

    #[test]
    fn the_code_of_an_invitation_is_told_with_a_warning_and_nothing_else_of_it() {
        let folder = TempDir::new().unwrap();
        let mut outbox = FileOutbox::open(folder.path()).unwrap();
        let code = HelpCode::parse("12-3456-7890").unwrap();
        let tells = [Tells::HelpCode { code }, Tells::HelpStands { help: HelpId(12) }];
        let told = (5..).zip(tells).map(|(id, tells)| Message { id: MessageId(id), person: Person(7), tells });
        outbox.send(&told.collect::<Vec<_>>()).unwrap();
        let lines = lines(&folder);
        assert_eq!(lines[0].code.as_deref(), Some("12-3456-7890"));
        assert!(
            lines[0].ko.contains("12-3456-7890") && lines[0].en.contains("only to the person who is to act for you")
        );
        assert_eq!((&*lines[1].kind, lines[1].code.as_deref(), lines[1].reservation), ("help_stands", None, None));
    }

    #[test]
    fn what_is_handed_over_twice_is_written_once_even_after_a_restart() {
        let folder = TempDir::new().unwrap();
        let mut outbox = FileOutbox::open(folder.path()).unwrap();
        outbox.send(&messages([3, 7, 8])).unwrap();
        outbox.send(&messages([7, 8, 9])).unwrap();
        drop(outbox);
        let mut outbox = FileOutbox::open(folder.path()).unwrap();
        assert_eq!(outbox.send(&messages([8, 9, 12])).unwrap(), 3);
        assert_eq!(outbox.send(&[]).unwrap(), 0);
        assert_eq!(ids(&folder), [3, 7, 8, 9, 12]);
    }

    #[test]
    fn a_line_cut_off_anywhere_is_written_again() {
        let folder = TempDir::new().unwrap();
        FileOutbox::open(folder.path()).unwrap().send(&messages([3, 6])).unwrap();
        let path = file_name(folder.path(), 0);
        let whole = std::fs::read(&path).unwrap();
        for len in 0..whole.len() {
            std::fs::write(&path, &whole[..len]).unwrap();
            FileOutbox::open(folder.path()).unwrap().send(&messages([3, 6])).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole, "cut at {len}");
        }
    }

    #[test]
    fn files_are_bounded_in_size_and_number_and_ids_go_on() {
        let folder = TempDir::new().unwrap();
        let mut outbox = FileOutbox::open_with(folder.path(), 200).unwrap();
        for id in 0..60 {
            outbox.send(&messages([id])).unwrap();
        }
        let kept = ids(&folder);
        assert_eq!(files(folder.path()).unwrap().len(), FILES_MAX);
        assert_eq!(*kept.last().unwrap(), 59);
        assert!(kept.is_sorted() && kept.len() < 60);
        // Begun and then crashed: an empty newest file.
        drop(outbox);
        std::fs::write(file_name(folder.path(), 60), b"").unwrap();
        let mut outbox = FileOutbox::open_with(folder.path(), 200).unwrap();
        outbox.send(&messages([58, 59, 60])).unwrap();
        assert_eq!(ids(&folder).iter().filter(|id| **id >= 58).count(), 3);
    }

    #[test]
    fn a_file_that_is_no_outbox_is_refused() {
        let folder = TempDir::new().unwrap();
        for text in ["hello\n".to_owned(), "x".repeat(20_000)] {
            std::fs::write(file_name(folder.path(), 0), text).unwrap();
            assert!(FileOutbox::open(folder.path()).is_err());
        }
    }
}
