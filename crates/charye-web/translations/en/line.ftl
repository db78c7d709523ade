# The texts of the pages on which people wait, and of the page that explains the draw. Calm, and never in a hurry.

line-title = Come in
line-visit = Once inside you have a limited time to choose a place and reserve it.
line-enter = Come in
line-take = Take a place in line
line-take-hint = Your place is kept for you, even if you close this page.
line-enrol = Take part in the draw
line-enrol-hint = It opens on { $opens }. Places of everyone who is here before are drawn. Coming earlier does not give a better place.
line-mine = See my place in line
line-reserved = You have already reserved
line-reserved-what = There is no need to wait in line again. Your reservation stands as it is.
line-reserved-show = See the reservation
line-reserved-help = Help somebody else to reserve
line-other-identity = This campaign needs another way of showing who you are.
line-sign-in-anew = Sign in another way

wait-enrolled = You are in the draw
wait-enrolled-say = It opens on { $opens }. Places of everyone who is here by then are drawn.
wait-drawing = Places are being drawn
wait-drawing-say = This takes a moment. Then you will see your place.
wait-waiting = You are in line
wait-waiting-say = We will tell you here when it is your turn. There is nothing you need to do.
wait-paused = The line is paused
wait-paused-say = Your place is kept. We will tell you here when the line moves again.
wait-gate = Nobody is let in for a moment
wait-gate-say = Something on our side has become slow, so those inside go first. Your place is kept, and the line goes on by itself in the same order.
wait-nothing-left = No places are left right now
wait-nothing-left-say = Your place in line is kept. When places become free, people are let in again in the same order.
wait-come = It is your turn
wait-come-say = { $minutes ->
    [one] Please come in within { $minutes } minute.
   *[other] Please come in within { $minutes } minutes.
}
wait-come-until = Please come in by { $time } (our clock). Until then a seat is kept for you.
wait-come-kept = Kept for you for
wait-come-over = The time is over. Press the button anyway: you join the short line for people who missed their turn.
wait-come-late = Your turn has passed. Press the button and you join the short line for people who missed theirs.
wait-come-again = Almost there: no seat is free yet. Please press again in a moment; your place is kept.
wait-returning = Welcome back
wait-returning-say = You are in the short line for people who missed their turn. You do not have to wait from the beginning.
wait-over = This opening has closed
wait-over-say = It closed on { $closes }. A reservation you have made stands.

wait-ahead = Ahead of you
wait-behind = Behind you
wait-people = { $count ->
    [one] { $count } person
   *[other] { $count } people
}
wait-person = { $count } person
wait-countdown = Opens in
wait-opened = It is open. You will see your place in a moment.
wait-hours = { $count } h
wait-minutes = { $count } min
wait-seconds = { $count } s
wait-range = In about { $from } to { $to }
wait-within = Within { $to }
wait-at-least = More than { $from }
wait-not-yet = We can say how long it takes once the line has moved a little.
wait-speed = About { $count } people go in each minute now.
wait-kept = So far { $percent } % were let in within the time they were first told.
wait-enrolled-count = { $count ->
    [one] { $count } person takes part so far.
   *[other] { $count } people take part so far.
}
wait-message = From the operators
wait-go = Come in
wait-go-late = A little late is no problem: press the button and you join the short line for people who missed their turn.
wait-close = You may close this page: your place is kept.
wait-close-enrolled = You may close this page: you stay in the draw.
wait-close-how = Sign in again on any device and you are back at the same place. Reloading or opening more windows does not make it faster.
wait-next = What happens next
wait-next-call = When it is your turn, a button “Come in” appears here.
wait-next-come = { $minutes ->
    [one] From then on you have { $minutes } minute to press it.
   *[other] From then on you have { $minutes } minutes to press it.
}
wait-next-inside = Inside you can choose a clinic and a time without hurry.
wait-left = Places left by province
wait-left-now = These can be reserved right now, and become fewer while the line moves.
wait-offline = The connection is interrupted. Your place is kept; we will connect again by ourselves.
wait-draw = How the draw works
wait-draw-id = My draw number
wait-draw-id-hint = With this number you can check after the draw that your place is right.
wait-leave = Leave the line
wait-leave-sure = You lose your place. If you come again, you stand at the end.
wait-leave-enrolled = You are taken out of the draw.

draw-title = How the draw works
draw-lead = Everyone who is here before it opens counts as having come at the same moment, and places are drawn. Who pressed first, or with how many devices, changes nothing.
draw-step-commit = Before anyone can take part, we publish fingerprints (hashes) of the secret and the key used for the draw. Neither can be swapped later without its fingerprint changing.
draw-step-enrol = Who takes part gets a draw number: one for each person, and shown to that person only.
draw-step-close = When it opens the list is closed, and its fingerprint and the number of people are published. From then on nobody can be added or taken out.
draw-step-reveal = Then the secret is published. Places are calculated from the secret, the fingerprint of the list and the draw number, so anyone can calculate them again.
draw-public-value = A public value named in advance is used as well: { $name }
draw-of = The values of this draw
draw-secret-commitment = Fingerprint of the secret
draw-key-commitment = Fingerprint of the key
draw-count = People
draw-root = Fingerprint of the list
draw-secret = Secret
draw-later = Not to be published yet.
draw-none = No draw has been published yet.
draw-check = How to check
draw-check-own = Look for your draw number in the list below; your place stands beside it. The lower, the earlier.
draw-check-all = Download the head and the pages of the list, put them one after another, and calculate them again with “charye draw verify”, or with the program of twenty lines in the documentation.
draw-slices = The published list
draw-head = Head of the list
draw-slice = Page { $count }
draw-back = Back to my place in line

landing-countdown = The next opening begins in
landing-waiting = { $count ->
    [one] { $count } person is in line.
   *[other] { $count } people are in line.
}
landing-opened = It is open.
