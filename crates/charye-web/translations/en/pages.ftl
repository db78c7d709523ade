# The texts of the citizen's pages, in plain words.

service-name = Charye vaccination reservations
skip-to-content = Skip to content
rehearsal-banner = This is a rehearsal. Nothing here is a real reservation; people and clinics are made up.
signed-in = Signed in
sign-in = Sign in
sign-out = Sign out
nav-label = Main
nav-find = Find a clinic
nav-reservations = My reservations
footer-calm = Everyone gets their turn. Reloading a page again and again does not make it faster.
footer-problems = When something goes wrong: all messages
any = Any
everywhere = Whole country
go-in = Go and reserve
way-home = To the home page
way-hold = See the place held for you

mistakes-title = Please check what you entered
mistakes-in-title = Error:
field-error-missing = { $field }: this is missing.
field-error-malformed = { $field }: this cannot be read.
field-error-unknown = { $field }: this is not a known field.

birth-legend = Date of birth
birth-hint = For example 1990, 3 and 9 for 9 March 1990
birth-year = Year
birth-month = Month
birth-day = Day
birth-missing = Enter year, month and day of birth.
birth-not-digits = Use digits only for the date of birth.
birth-year-wrong = Enter the year of birth with four digits, such as 1990.
birth-month-wrong = A month is a number from 1 to 12.
birth-day-wrong = That month has no such day. Please check the day.
birth-in-future = That date is still to come. Please check the date of birth.
born-range = { $from } to { $to }

landing-title = Reserve your vaccination
landing-lead = On your day, choose a clinic near you, a date and a time. It usually takes three minutes.
landing-none = No campaign is running at the moment.
landing-who = For
landing-born = people born { $born }
landing-vaccination = Vaccination
landing-over = Reservations for this campaign have closed.
landing-today = Open today
landing-ahead = See the next openings
landing-sign-in = Sign in and reserve
landing-my-day = When is my day?
landing-steps = How it works
landing-step-sign-in = Sign in to show who you are.
landing-step-find = Choose a clinic, a date and a time. Your place is held for a few minutes.
landing-step-confirm = Check the details and confirm. You get a reservation number.

window-open = open now
window-ahead = to come
window-over = closed

my-day-title = When is my day?
my-day-ask = Show my day
my-day-again = Look up another date of birth
my-day-private = The date of birth you enter is not stored.
my-day-born = This is for somebody born { $born }.
my-day-windows = When you may reserve
day-open = You may reserve now, until { $until }.
day-open-why = It is the opening for { $opening }.
day-not-yet = Not yet. Please come on { $opens }.
day-not-yet-why = Your next opening is the one for { $opening }.
day-over = Reservations have closed. The last opening ended { $closed }.
day-over-why = A reservation you have made stands.
day-not-in-cohort = This campaign is not for you.
day-not-in-cohort-why = It is for people born { $born }.

sign-in-title = Sign in
sign-in-lead = In a rehearsal you sign in as one of the made-up citizens.
sign-in-look = Look for a test citizen
sign-in-name = Name
sign-in-digit = Last digit of the day of birth
sign-in-age-from = Age from
sign-in-age-to = Age to
sign-in-may = Only people who may reserve now
sign-in-may-tag = may reserve now
sign-in-show = Look
sign-in-people = Test citizens
sign-in-nobody = Nobody fits. Please look with fewer conditions.
sign-in-born = born { $born }
sign-in-as = Sign in as { $name }
sign-in-more = More people
sign-in-by-number = Sign in with a made-up national number
sign-in-number = Made-up number
sign-in-button = Sign in
sign-in-closed = There is no way to sign in at the moment. Please come back shortly.
sign-in-choose = Choose how to show who you are
sign-in-choose-why = The quick ones come first. What counts for your place is when you begin, not how long it takes.
sign-in-choose-fit = This vaccination asks for a proof that not every way to sign in gives. Only those that do are shown.
light-smooth = Smooth
light-delayed = Delayed
light-congested = Congested
light-closed = Closed
provider-takes-secs = Takes about { $count } s now
provider-takes-minutes = Takes about { $count } min now
provider-in-line = { $count } waiting
provider-closed = Closed for the moment. Please choose another.
provider-begin = Sign in with { $name }
asked-name = Name
asked-birth-date = Date of birth, as 1985-02-28
asked-phone = Mobile number
asked-registry-number = Number on the document
asked-login = Your name or number there
sign-in-choices = Choose how to sign in
sign-in-away-title = On to { $name }
sign-in-away-lead = You are being led there. Afterwards you come back here by yourself.
sign-in-away-window = You sign in on their page. Afterwards you come back here.
sign-in-away-go = Go on to { $name }
sign-in-wait-title = Please confirm on your phone
sign-in-wait-lead = { $name } asks you there. This page goes on by itself once you have confirmed.
sign-in-wait-compare = The app shows this number too:
sign-in-wait-other = If it shows another, do not confirm: somebody else is trying to sign in as you.
sign-in-wait-look = I have confirmed
sign-in-hop-title = Nearly done
sign-in-hop-lead = You are back. One press finishes the sign-in.
sign-in-hop-go = Finish the sign-in
sign-in-line-title = One moment, please
sign-in-line-ahead = People ahead of you here: { $count }.
sign-in-line-about = It takes about { $count } s. You lose nothing by it.
sign-in-line-again = Ask again
sign-in-busy-title = Too many people sign in there now
sign-in-busy-advice = Please try again in a moment, or choose another way. When you began still counts.
sign-in-alone-title = This way is out of order
sign-in-alone-advice = Please choose another way to sign in. When you began still counts.
sign-in-fault-title = They did not answer as they should
sign-in-fault-advice = It is not your doing. Please try again or choose another way. When you began still counts.
sign-in-unknown-title = There is no such way to sign in
sign-in-unknown-advice = Please choose one from the list.
sign-in-unfit-title = This vaccination asks for another proof
sign-in-unfit-advice = Please choose another way to sign in. The list shows those that fit.
sign-in-elsewhere-title = This browser did not begin a sign-in
sign-in-elsewhere-advice = Please begin here, and allow cookies. If you began in another app or browser, go on there.
sign-in-expired-title = The sign-in took too long
sign-in-expired-advice = Please begin again. It has to be finished within ten minutes.
sign-in-used-title = This sign-in is over already
sign-in-used-advice = If you are not signed in, please begin again.
sign-in-cancelled-title = You did not confirm
sign-in-cancelled-advice = Nothing has happened. You can begin again or choose another way.
sign-in-detail-title = Your name or date of birth is missing
sign-in-detail-advice = Please begin again and allow them to be passed on, or choose another way.
sign-in-nobody-title = They found nobody like that
sign-in-nobody-advice = Please check what you filled in and begin again, or choose another way.
sign-in-often-title = You have signed in too often
sign-in-often-advice = Please wait ten minutes. Where you are signed in, you stay signed in.
sign-in-mixed-title = This answer does not fit your sign-in
sign-in-mixed-advice = Please begin again, in one window only, and fill in everything that is asked.
age-wrong = An age is a number from 0 to 255.
number-missing = Choose a test citizen or enter a number.
number-unknown = No test citizen has that number. Please check it.

find-title = Find a clinic
find-changing = You are moving reservation { $number }. Your present place is kept until you have the new one.
find-changing-stop = Stop and see the reservation
find-province = Province or city
find-district = District
find-district-hint = Choose a province and press Search, then choose a district.
find-product = Vaccine
find-name = Clinic or neighbourhood
find-name-hint = As written in Korean: 종로내과, 역삼동
find-more = Dates, time of day, order
find-from = Dose 1 from
find-to = Dose 1 until
find-times = Time of day
times-morning = Morning (before 12)
times-afternoon = Afternoon (12 to 6 pm)
times-evening = Evening (after 6 pm)
find-order = Order
order-near = Nearest first (within a district)
order-early = Earliest date first
order-name = By name
find-button = Search
find-ask = Where to search
find-asked = { $area } · change the search
find-map = Choose a province on the map
province-11 = Seoul
province-26 = Busan
province-27 = Daegu
province-28 = Incheon
province-29 = Gwangju
province-30 = Daejeon
province-31 = Ulsan
province-36 = Sejong
province-41 = Gyeonggi
province-42 = Gangwon
province-43 = Chungbuk
province-44 = Chungnam
province-45 = Jeonbuk
province-46 = Jeonnam
province-47 = Gyeongbuk
province-48 = Gyeongnam
province-50 = Jeju
find-near = Search near me
find-near-hint = Where you are is only used to find your district. It is not stored.
find-near-asking = Finding out where you are.
find-near-refused = We cannot tell where you are. Please choose a province.
find-near-nowhere = We found no district near you. Please choose a province.
find-matching = { $count ->
    [one] { $count } clinic has places
   *[other] { $count } clinics have places
}
find-matching-more = { $count } or more clinics have places, the nearest first
find-none = No places fit your search
find-none-advice = Try one of these:
find-none-area = Set the district to “Any”, or choose another area.
find-none-days = Leave dates and time of day empty.
find-none-product = Leave vaccine and clinic name empty.
find-days-free = { $count ->
    [one] { $count } day free
   *[other] { $count } days free
}
find-places-free = { $count ->
    [one] { $count } place
   *[other] { $count } places
}
find-earliest = Earliest times
find-pages = More results
find-next = More clinics
find-first = Back to the first
find-product-unknown = This campaign has no such vaccine.
find-day-wrong = Choose a date within the vaccination period.
find-days-reversed = The last date is before the first. Please check the dates.
find-area-too-wide = To choose a time of day, choose a province first.
find-area-unknown = There is no such area. Please choose again.
find-name-wrong = A name has at most 40 characters.
distance-metres = { $distance } m
distance-kilometres = { $distance } km
clinic-contracted = Practice or hospital
clinic-centre = Vaccination centre
clinic-health-centre = Public health centre

clinic-back = Back to the search
clinic-full = There are no places to choose now. Try another day or another clinic.
clinic-days = Choose a day
clinic-days-hint = Days with a border have places. Days crossed out are full.
calendar-free = { $day }, places free
calendar-full = full
clinic-times = Choose a time on { $day }
clinic-first-times = Choose a time for dose 1
clinic-first-chosen = Dose 1: { $when }
clinic-second = Choose a day for dose 2
clinic-second-times = Choose a time for dose 2: { $day }
second-standard = The usual day for dose 2 is { $day }.
clinic-hold-hint = Your place is held for a few minutes. It is reserved only when you confirm on the next page.
clinic-hold = Hold this time
clinic-change-hint = The button moves you to the new place in one step. If the new place cannot be had, you keep your present one.
places-left = { $count } left
sold-out = full
sunday = Sun
monday = Mon
tuesday = Tue
wednesday = Wed
thursday = Thu
friday = Fri
saturday = Sat

dose-only = Vaccination
dose-first = Dose 1
dose-second = Dose 2
place-when = When
place-where = Where
place-phone = Telephone
place-product = Vaccine
place-state = Status
state-reserved = Reserved
state-checked-in = Checked in
state-administered = Vaccinated
state-no-show = Did not come
state-cancelled = Cancelled

hold-title = Check and confirm
hold-until = Your place is held until { $time }.
hold-minutes = { $count ->
    [one] About { $count } minute is left.
   *[other] About { $count } minutes are left.
}
hold-minutes-one = About # minute is left.
hold-minutes-other = About # minutes are left.
hold-kept = It is not reserved yet. Check the details and confirm.
hold-warning = The time is nearly over. Confirm now, or take more time.
hold-confirm = Confirm the reservation
hold-extend = { $count ->
    [one] { $count } minute more
   *[other] { $count } minutes more
}
hold-extensions-left = { $count ->
    [one] You can take more time once.
   *[other] You can take more time { $count } times.
}
hold-no-extension = You cannot take more time. Please confirm before the time ends.
hold-release = Choose another place
hold-over-title = The time to confirm has run out
hold-over = The place has gone back to everyone. My reservations shows whether you had confirmed it.
hold-none-title = No place is held for you
hold-none = You have confirmed it or let it go. Look at My reservations, or search again.
hold-same-clinic = Other times at this clinic
offers-title = Other places close by
offers-none = There are no places left close by. Try other dates or another area.

reservations-none = You have no reservation yet.
reservations-holding = A place is held for you. Please confirm it before the time ends.
reservation-title = Reservation { $number }
reservation-heading = My reservation
reservation-done = Reserved
reservation-changed = Your reservation has been moved
reservation-cancelled-now = Your reservation is cancelled
reservation-is-cancelled = This reservation is cancelled. The places have gone back to everyone.
reservation-number = Reservation number
reservation-made = made { $when }
reservation-change = Change date or place
reservation-cancel = Cancel the reservation
reservation-calendar = Add to calendar (.ics)
reservation-print = To print, use your browser’s print command. Only the reservation is printed.
reservation-qr = QR code of reservation number { $number }
reservation-qr-hint = Show this code at the clinic.
calendar-appointment = Appointment
calendar-number = Reservation number { $number }
reservation-second = Reserve dose 2
reservation-second-hint = Dose 2 is not reserved yet.
clinic-second-lead = You are reserving dose 2 of reservation { $number }. Dose 1: { $when }
bring-title = When you come
bring-id = Bring an identity card.
bring-number = Bring the reservation number, or this page in print.
bring-clothes = Wear clothes that leave the shoulder easy to reach.
bring-ill = If you have a fever or feel ill, stay at home and change the date.

consent-title = What we keep about you
consent-lead = Please read this before we hold your first place. It takes half a minute.
consent-what-title = What
consent-what-details = Your name, date of birth and telephone number. They are encrypted under a key of your own.
consent-what-code = A code that tells you from everyone else, computed from your proof of identity. The proof itself is not kept.
consent-what-reservations = Your reservations: clinic, vaccine, date and time, and when you reserved, changed or cancelled.
consent-why-title = Why
consent-why = So that the clinic knows you when you come, so that we can reach you if something changes, and so that nobody has two reservations.
consent-long-title = How long
consent-long = Name, date of birth and telephone number: until you erase them under “My data”. Once no place is still to come, you can do so at any time. The record of reservations stays, under a number; once you have erased your data, it no longer tells who you were.
consent-no-title = If you do not agree
consent-no = You may say no. Then we cannot hold a place for you. What your sign-in told us you can erase under “My data”.
consent-not-held = Your choice is not held yet. It is held as soon as you agree, if it is still free then.
consent-agree = I agree. Hold this place
consent-back = I do not agree. Go back

my-data-title = My data
my-data-lead = You can download or erase what is kept about you here.
my-data-consent = What is kept, why and how long
my-data-export-title = Download my data
my-data-export-what = A JSON file with your name, date of birth, telephone number and all reservations. Do not download it on a device that others use.
my-data-export = Download
my-data-erase-title = Erase my data
my-data-erase-what = Your name, date of birth and telephone number are destroyed, and you are signed out. This cannot be undone.
my-data-erase-reservations = You will not see past reservations again. If you sign in again, you come as somebody new.
my-data-erase-active = You still have a reservation, so your data cannot be erased. Please cancel it first.
my-data-erase-sure = I know that this cannot be undone.
my-data-erase = Erase my data
my-data-erase-unsure = To erase your data, tick the box above.
my-data-erased = Your data is erased, and you are signed out.

change-title = Change date or place
change-safe = Your present place is given up only in the moment you get the new one. Until then nothing changes.
change-now = Present reservation { $number }
change-same-clinic = Other times at this clinic
change-other-clinic = Find another clinic
change-keep = Leave it as it is
change-button = Move to this time

cancel-title = Cancel this reservation?
cancel-consequence = You give up the places of all doses still to come. This cannot be undone.
cancel-rather-change = To change the date only, you need not cancel.
cancel-button = Yes, cancel the reservation

problem-retry = { $count ->
    [one] Please try again in { $count } second.
   *[other] Please try again in { $count } seconds.
}
problem-place-kept = If a place is held for you, it stays yours until its time is up.
problem-incident = Number to tell the help desk:
problem-about = About this message
problems-title = When something goes wrong
problems-lead = Every problem that pages and API can tell, and what to do. The codes never change.
