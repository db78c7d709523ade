//! The campaign, nation and keys commands, as a person at a prompt meets them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use support::charye;

#[test]
fn a_bundled_campaign_is_sound_and_told_in_both_languages() {
    let (code, said, _) = charye(&["campaign", "check", "kr-2021-18-49"]);
    assert_eq!(code, 0);
    assert!(said.contains("13 openings") && said.contains("2021-08-26 to 2021-11-11"), "{said}");
    let show = |language| {
        charye(&[
            "campaign",
            "show",
            "kr-2021-18-49",
            "--for",
            "1990-03-19",
            "--at",
            "2021-08-09T19:59",
            "--lang",
            language,
        ])
    };
    let (code, said, _) = show("en");
    assert_eq!(code, 0);
    assert!(said.contains("not yet. May reserve from Mon 9 August 2021 20:00"), "{said}");
    let (code, said, _) = show("ko");
    assert_eq!(code, 0);
    assert!(said.contains("2021년 8월 9일(월) 20:00"), "{said}");
}

#[test]
fn errors_name_file_line_column_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.toml");
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../campaigns/one-clinic.toml")).unwrap();
    let line = text.lines().position(|line| line.starts_with("ttl_secs")).unwrap() + 1;
    fs::write(&file, text.replace("ttl_secs", "ttl_sec")).unwrap();
    let (code, _, complained) = charye(&["campaign", "check", file.to_str().unwrap()]);
    assert_eq!(code, 65);
    assert!(complained.contains(&format!("broken.toml:{line}:1: unknown key `ttl_sec`")), "{complained}");
    assert!(complained.contains("remedy: did you mean `ttl_secs`?"), "{complained}");
}

#[test]
fn a_campaign_compared_with_itself_does_not_differ_and_with_another_does() {
    assert_eq!(charye(&["campaign", "diff", "one-clinic", "one-clinic"]).0, 0);
    let (code, said, _) = charye(&["campaign", "diff", "one-clinic", "kr-2021-18-49"]);
    assert_eq!(code, 1);
    assert!(said.contains("effect:"), "{said}");
}

#[test]
fn a_file_that_is_not_there_is_said_with_what_there_is() {
    let (code, _, complained) = charye(&["campaign", "check", "nowhere.toml"]);
    assert_eq!(code, 65);
    assert!(complained.contains("nowhere.toml") && complained.contains("kr-2021-18-49"), "{complained}");
}

#[test]
fn a_nation_is_written_from_its_seed() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, seed: &str| {
        let path = folder.path().join(name);
        let (code, said, _) = charye(&["nation", "generate", "--scale", "2", "--seed", seed, path.to_str().unwrap()]);
        assert_eq!(code, 0, "{said}");
        fs::read(path.join("sessions.csv")).unwrap()
    };
    assert_eq!(write("a", "7"), write("b", "7"));
    assert_ne!(write("a", "7"), write("c", "8"));
    let (code, _, complained) = charye(&["nation", "generate", "--scale", "0", folder.path().to_str().unwrap()]);
    assert_eq!(code, 2, "{complained}");
}

#[test]
fn keys_are_made_once_listed_without_secrets_and_refused_when_others_may_read_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let keys = |command| charye(&["keys", command, "--key-file", file.to_str().unwrap()]);
    assert_eq!(keys("status").0, 65, "missing");
    assert_eq!(keys("init").0, 0);
    assert_eq!(keys("init").0, 65, "never overwrites");
    assert_eq!(keys("rotate").0, 0);
    let (code, said, _) = keys("status");
    assert_eq!(code, 0);
    assert!(said.contains("key 1  former") && said.contains("key 2  current"), "{said}");
    for line in fs::read_to_string(&file).unwrap().lines().filter(|line| line.starts_with("secret")) {
        let secret = line.split('"').nth(1).unwrap();
        assert!(!said.contains(secret), "a secret is printed");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let (code, _, complained) = keys("status");
    assert_eq!(code, 65);
    assert!(complained.contains("640") || complained.contains("others"), "{complained}");
}

#[test]
fn a_campaign_into_which_nobody_could_sign_in_is_not_published() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("charye.toml");
    let publish = |scheme: &str| {
        let text = format!(
            "[data]\nfolder = {:?}\n[identity]\npublic_url = \"https://vaccine.example\"\n[[identity.provider]]\n\
             id = \"kakao\"\npreset = \"kakao\"\nscheme = \"{scheme}\"\n[identity.provider.oidc]\nclient_id = \"x\"\n\
             client_secret = {{ environment = \"X\" }}\n",
            folder.path().join("data")
        );
        fs::write(&config, text).unwrap();
        charye(&["campaign", "publish", "kr-2021-18-49", "--config", config.to_str().unwrap()])
    };
    let (code, _, complained) = publish("pairwise-subject");
    assert_eq!(code, 65, "{complained}");
    for part in ["goes by connecting-information", "nobody could sign in for it"] {
        assert!(complained.contains(part), "{part}: {complained}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was opened for it");
    // A provider of the campaign's scheme: from here on it is a matter of keys and data, not of identity.
    let (_, _, complained) = publish("ci");
    assert!(!complained.contains("nobody could sign in"), "{complained}");
}
