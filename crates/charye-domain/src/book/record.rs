//! Room: domain/book. From a command to journal entries: judgement, and exactly one answer a key (law I5). Called by the
//! sequencer for every command, before `apply`. Changes nothing itself.

use crate::book::campaigns::CampaignState;
use crate::book::command::{Action, Command};
use crate::book::{Book, Entry, Event, Outcome, Rejection};
use crate::ids::{CampaignId, CampaignVersion};
use crate::time::UnixMillis;
use crate::weakness::Defence;

impl Book {
    /// Judges a command and pushes what is to be recorded: the facts that follow, or, for a refused command with a key,
    /// the refusal. Pushes nothing for a repetition, a key used for something else, or a refusal without a key.
    ///
    /// The operation stands on the entry that the command was about. The caller applies the entries before it records the next command.
    pub fn record(&self, command: &Command, now: UnixMillis, entries: &mut Vec<Entry>) -> Outcome {
        if let Some(operation) = command.operation
            && let Some(known) = self.operations.find(operation.key, now)
            && !Defence::Idempotency.is_off()
        {
            let same_request = known.request_hash == operation.request_hash;
            return if same_request { known.outcome } else { Outcome::Refused(Rejection::KeyReused) };
        }
        let before = entries.len();
        let mut answers = before;
        let outcome = match self.decide(command, now) {
            Ok(events) => {
                let (under, outcome) = (events.under, events.outcome());
                answers += events.answers();
                entries.extend(events.into_list().map(|event| Entry { by: command.by, under, operation: None, event }));
                outcome
            }
            Err(rejection) => {
                if command.operation.is_some() {
                    let under = self.rules_for(&command.action);
                    let event = Event::Refused { rejection };
                    entries.push(Entry { by: command.by, under, operation: None, event });
                }
                Outcome::Refused(rejection)
            }
        };
        if let Some(answering) = entries.get_mut(answers) {
            answering.operation = command.operation;
        }
        outcome
    }

    /// The rules a refused command was judged by, where the command names its campaign.
    fn rules_for(&self, action: &Action) -> Option<(CampaignId, CampaignVersion)> {
        let campaign = match action {
            Action::StartVisit { campaign, .. }
            | Action::EndVisit { campaign, .. }
            | Action::Hold { campaign, .. }
            | Action::ReserveAtOnce { campaign, .. }
            | Action::Arrive { campaign, .. }
            | Action::LeaveLine { campaign, .. }
            | Action::Call { campaign, .. }
            | Action::Steer { campaign, .. }
            | Action::CommitDraw { campaign, .. }
            | Action::CloseDraw { campaign, .. }
            | Action::RevealDraw { campaign, .. }
            | Action::PlaceDrawn { campaign, .. }
            | Action::AttestGuardian { campaign, .. }
            | Action::StageSessions { campaign, .. } => *campaign,
            _ => return None,
        };
        self.campaign_state(campaign).map(CampaignState::under)
    }
}
