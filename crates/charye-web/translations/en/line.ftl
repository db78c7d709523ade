# The texts of the pages on which people wait, and of the page that explains the draw. Calm, and never in a hurry.

line-title = Come in
line-visit = Once you are in, you have a limited time to choose a place and reserve it.
line-enter = Come in
line-take = Join the line
line-take-hint = Joining the line gives you a place in it, and you keep it even if you close this page.
line-enrol = Take part in the draw
line-enrol-hint = It opens { $opens }. The order of everyone who joins before then is drawn. Joining earlier does not put you ahead.
line-mine = See my place in line
line-reserved = You have already reserved
line-reserved-what = There is no need to join the line again. Your reservation still stands.
line-reserved-show = See the reservation
line-reserved-help = Help someone else reserve
line-other-identity = To reserve in this campaign you need to sign in another way.
line-sign-in-anew = Sign in another way

wait-enrolled = You are in the draw
wait-enrolled-say = It opens { $opens }. The order of everyone who joins by then is drawn.
wait-drawing = The order is being drawn
wait-drawing-say = Please wait a moment. You will see your place once the draw is done.
wait-waiting = You are in line
wait-waiting-say = We will tell you here when it is your turn. There is nothing you need to do.
wait-paused = The line is paused
wait-paused-say = You keep your place. We will tell you here when the line moves again.
wait-gate = Entry is paused for a moment
wait-gate-say = Things have become slow, so we are letting those already inside finish first. You keep your place, and the line moves on by itself once it is better.
wait-nothing-left = No places are left right now
wait-nothing-left-say = You keep your place in line. If places become free, people are let in again in order.
wait-come = It is your turn
wait-come-say = { $minutes ->
    [one] Please come in within { $minutes } minute.
   *[other] Please come in within { $minutes } minutes.
}
wait-come-until = Please come in by { $time } (our clock). We keep your turn until then.
wait-come-kept = Time left to come in
wait-come-over = The time is up. Press the button anyway: you join the short line for people who missed their turn.
wait-come-late = Your turn has passed. Press the button and you join the short line for people who missed theirs.
wait-come-again = You can come in soon. It is still full inside, so please press again in a moment. You keep your place.
wait-returning = Welcome back
wait-returning-say = You are in the short line for people who missed their turn. You do not have to start again from the end.
wait-over = Reservations have closed
wait-over-say = This opening closed { $closes }. A reservation you have already made still stands.

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
wait-not-yet = We can tell you how long it takes once the line has moved a little.
wait-speed = About { $count } people come in each minute now.
wait-kept = So far { $percent }% have come in within the time they were first told.
wait-enrolled-count = { $count ->
    [one] { $count } person has joined so far.
   *[other] { $count } people have joined so far.
}
wait-message = From the operators
wait-go = Come in
wait-go-late = A little late is fine: press the button and you join the short line for people who missed their turn.
wait-close = You may close this page. You keep your place.
wait-close-enrolled = You may close this page. You stay in the draw.
wait-close-how = Sign in again on any device and you are back at the same place. Reloading or opening more windows does not make it faster.
wait-next = What you do next
wait-next-call = When it is your turn, a “Come in” button appears here.
wait-next-come = { $minutes ->
    [one] Press it within { $minutes } minute of its appearing.
   *[other] Press it within { $minutes } minutes of its appearing.
}
wait-next-inside = Once you are in, you can choose a clinic and a time without hurry.
wait-left = Places left by province
wait-left-now = Places that can be reserved right now. The numbers fall as the line moves.
wait-offline = The connection is interrupted. You keep your place, and the page reconnects by itself.
wait-draw = How the draw works
wait-draw-id = My draw number
wait-draw-id-hint = After the draw you can use this number to check that your place is right.
wait-leave = Leave the line
wait-leave-sure = If you leave, you lose your place. If you come back, you join at the end.
wait-leave-enrolled = If you leave, you are taken out of the draw.

draw-title = How the draw works
draw-lead = Everyone who comes before it opens counts as having come at the same moment, and their order is drawn. Who pressed first, or on how many devices, makes no difference.
draw-step-commit = Before anyone can take part, we publish fingerprints (hashes) of the secret and the key used for the draw. Neither can be swapped later without its fingerprint changing.
draw-step-enrol = Everyone who joins gets a draw number: one for each person, shown only to that person.
draw-step-close = When it opens, the list is closed, and its fingerprint and the number of people are published. From then on nobody can be added or removed.
draw-step-reveal = Then the secret is published. The order is calculated from the secret, the fingerprint of the list and the draw numbers, so anyone can calculate it again.
draw-public-value = A public value named in advance is used as well: { $name }
draw-of = The values of this draw
draw-secret-commitment = Fingerprint of the secret
draw-key-commitment = Fingerprint of the key
draw-count = People
draw-root = Fingerprint of the list
draw-secret = Secret
draw-later = Not published yet.
draw-none = No draw has been published yet.
draw-check = How to check
draw-check-own = Find your draw number in the list below; your place stands beside it. The lower the number, the earlier.
draw-check-all = Download the head and all pages of the list, join them, and calculate them again with “charye draw verify”, or with the twenty-line program in the documentation.
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
