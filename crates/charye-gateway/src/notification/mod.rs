//! Room: gateway/notification. Message senders: who carries messages to citizens. Wired in by server, called by the
//! engine's messenger through its port. Texts are neutral: whoever sees a screen over a shoulder learns nothing.

pub mod file_outbox;
