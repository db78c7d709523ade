# Helping: who helps and who is helped. A code goes to the person helped and nobody else.

nav-helping = Helping
acting-for = You are now acting for { $name }.
acting-stop = Back to my own pages
helping-title = Helping
helping-lead = You can reserve for family or someone close to you, or let someone reserve for you. The place always belongs to the person being vaccinated.
helping-i-help = People I help
helping-nobody = Nobody yet.
helping-by-consent = with their consent
helping-by-registry = as their guardian
helping-until = until { $until }
helping-act = Reserve for { $name }
helping-end-mine = Stop acting for { $name }
helping-nameless = someone who erased their data
helping-code-title = Enter a code
helping-code-what = When the person you help presses “Let someone act for me” on this site, a code goes to their mobile phone. Enter that code here.
helping-code = Code
helping-code-give = Check the code
helping-code-unread = Enter the code as it was sent, for example 12-3456-7890.
helping-child-title = Your child under 14
helping-child-what = If the registry confirms that you are the guardian, you can act for your child. What you enter is used only to check this.
helping-child-name = Child’s name
helping-child-number = Child’s registration number
helping-child-name-missing = Enter the child’s name.
helping-child-number-missing = Enter the child’s registration number.
helping-child-ask = Confirm that I am the guardian
helping-helps-me = People who can act for me
helping-helps-me-what = The people listed here can see, make, change and cancel your reservations. They cannot download or erase your data. You can end this at any time.
helping-end-theirs = Stop { $name } acting for me
helping-invited = A code has been sent
helping-invited-until = It can be used until { $until }.
helping-invited-end = Cancel the code
helping-invite-careful = We send a code to your mobile phone. Anyone who knows it can act for you, so give it only to someone you trust. No office or agent will ever ask you for it.
helping-invite = Let someone act for me
helping-news-sent = We have sent the code to your mobile phone. Give it to the person who is to act for you within 30 minutes.
helping-news-began = Confirmed. You can now act for them.
helping-news-ended = It has ended.

# Pages of the call centre.
agent-sign-in-title = Agents’ sign-in
agent-token = Agent’s token
agent-token-hint = It ends after 12 hours, or when you sign out.
agent-sign-in = Sign in
agent-token-missing = Enter your token.
agent-token-wrong = This is no agent’s token. Please check it.
agent-caller-title = Find who is calling
agent-at-work = Agent { $name }
agent-left = { $count ->
    [one] You may look up one more person within the hour.
   *[other] You may look up { $count } more people within the hour.
}
agent-campaign = Vaccination campaign
agent-campaign-missing = Choose the campaign.
agent-reason = Why they call
agent-reason-missing = Choose why they call.
agent-reason-no-device = They have no device to sign in with
agent-reason-cannot-sign-in = They tried, and could not sign in
agent-reason-accessibility = They cannot see, read or operate the pages
agent-reason-change = They want to change or cancel
agent-reason-question = They ask about what they have
agent-name = The caller’s name
agent-name-missing = Enter the caller’s name.
agent-number = Registration number on their identity card
agent-number-missing = Enter the registration number on their identity card.
agent-on-record = Who looked, and why, is recorded before anything is shown, found or not.
agent-find = Look up
agent-on-call = You act for the person on the telephone.
agent-end-call = End the call
agent-read-aloud = Read the date, the time and the place below aloud, and ask whether they are right.
agent-enter = Go in
agent-enter-hint = You go in by a seat kept for agents. If none is free, press again in a moment.
