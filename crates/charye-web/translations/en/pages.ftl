# The texts of the citizen's pages, in plain words.

service-name = Charye vaccination reservations
skip-to-content = Skip to content
rehearsal-banner = This is a rehearsal. Nothing here is a real reservation, and the people and clinics are made up.
signed-in = Signed in
sign-in = Sign in
sign-out = Sign out
nav-label = Main
nav-find = Find a clinic
nav-reservations = My reservations
footer-calm = Everyone gets their turn. Reloading again and again does not make it faster.
footer-problems = When something goes wrong: all messages
any = Any
everywhere = Whole country
go-in = Go and reserve
way-home = To the home page
range-dash = –
way-again = Try again
way-hold = See the place held for you

mistakes-title = Please check what you entered
mistakes-in-title = Error:
field-error-missing = { $field }: nothing was entered.
field-error-malformed = { $field }: this value cannot be understood.
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
landing-lead = On your day, choose a date and time at a clinic near you. It usually takes three minutes.
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
my-day-born = This is for someone born { $born }.
my-day-windows = When you can reserve
day-open = You can reserve now. Please do so by { $until }.
day-open-why = Reservations for { $opening } are open.
day-not-yet = You cannot reserve yet. You can from { $opens }.
day-not-yet-why = Please come back when reservations for { $opening } are open.
day-over = Reservations have closed. The last ones ended { $closed }.
day-over-why = A reservation you have already made still stands.
day-not-in-cohort = You are not in the group for this vaccination.
day-not-in-cohort-why = It is for people born { $born }.

sign-in-title = Sign in
sign-in-lead = In a rehearsal you sign in as one of the made-up citizens.
sign-in-look = Find a made-up citizen
sign-in-name = Name
sign-in-digit = Last digit of the day of birth
sign-in-age-from = Age from
sign-in-age-to = Age to
sign-in-may = Only people who may reserve now
sign-in-may-tag = may reserve now
sign-in-show = Search
sign-in-people = Made-up citizens
sign-in-nobody = Nobody matches. Please search again with fewer conditions.
sign-in-born = born { $born }
sign-in-as = Sign in as { $name }
sign-in-more = More people
sign-in-by-number = Sign in with a made-up national number
sign-in-number = Made-up number
sign-in-button = Sign in
sign-in-closed = There is no way to sign in at the moment. Please come back shortly.
sign-in-choose = Choose a way to sign in
sign-in-choose-why = The quickest come first. Your place in line depends on when you begin, not on how long it takes.
sign-in-choose-fit = Only those this vaccination accepts are shown.
light-smooth = Smooth
light-delayed = Delayed
light-congested = Congested
light-closed = Closed
provider-takes-secs = Takes about { $count } s now
provider-takes-minutes = Takes about { $count } min now
provider-in-line = { $count } waiting
provider-closed = Not available at the moment. Please choose another.
provider-begin = Sign in with { $name }
asked-name = Name
asked-birth-date = Date of birth, as 1985-02-28
asked-phone = Mobile number
asked-registry-number = Registration number on your identity document
asked-login = Your user name or number there
sign-in-choices = Choose how to sign in
sign-in-away-title = Going to { $name }
sign-in-away-lead = You are on your way to their sign-in page. Once you have finished, you come back here automatically.
sign-in-away-window = You sign in on their page. Once you have finished, you come back here.
sign-in-away-go = Go to { $name }
sign-in-wait-title = Please confirm on your phone
sign-in-wait-lead = We have sent a request to your { $name } app. This page moves on by itself once you have confirmed there.
sign-in-wait-compare = The app shows this number too:
sign-in-wait-other = If it shows another number, do not confirm: someone else may be trying to sign in as you.
sign-in-wait-look = I have confirmed in the app
sign-in-hop-title = Nearly done
sign-in-hop-lead = Welcome back. Press the button once to finish signing in.
sign-in-hop-go = Finish signing in
sign-in-line-title = One moment, please
sign-in-line-ahead = { $count ->
    [one] { $count } person is ahead of you for this way to sign in.
   *[other] { $count } people are ahead of you for this way to sign in.
}
sign-in-line-about = It takes about { $count } s. Waiting does not cost you your place.
sign-in-line-again = Check again
sign-in-busy-title = Many people are signing in this way now
sign-in-busy-advice = Please try again in a moment, or choose another way. The time you first began still counts.
sign-in-alone-title = You cannot sign in this way at the moment
sign-in-alone-advice = Please choose another way. The time you first began still counts.
sign-in-fault-title = The sign-in service did not answer properly
sign-in-fault-advice = You did nothing wrong. Please try again, or choose another way. The time you first began still counts.
sign-in-unknown-title = There is no such way to sign in
sign-in-unknown-advice = Please choose one from the list.
sign-in-unfit-title = This vaccination needs another way to sign in
sign-in-unfit-advice = Please choose another way. The list shows only those you can use.
sign-in-elsewhere-title = This sign-in was not started in this browser
sign-in-elsewhere-advice = Please start again here, and allow cookies. If you started in another app or browser, continue there.
sign-in-expired-title = The sign-in took too long
sign-in-expired-advice = Please start again. Signing in has to be finished within ten minutes.
sign-in-used-title = This sign-in is already finished
sign-in-used-advice = If you are not signed in, please start again.
sign-in-cancelled-title = You did not finish signing in
sign-in-cancelled-advice = Nothing has changed. You can start again or choose another way.
sign-in-detail-title = We did not receive your name or date of birth
sign-in-detail-advice = Please start again and agree to share them, or choose another way.
sign-in-nobody-title = No matching person was found
sign-in-nobody-advice = Please check what you entered and start again, or choose another way.
sign-in-often-title = You have signed in many times in a short while
sign-in-often-advice = Please try again in ten minutes. Devices that are already signed in stay signed in.
sign-in-mixed-title = The answer does not match the sign-in you started
sign-in-mixed-advice = Please start again in one window only, and fill in everything you are asked for.
age-wrong = Enter an age as a number from 0 to 255.
number-missing = Choose a made-up citizen or enter a number.
number-unknown = No made-up citizen has that number. Please check it.

find-title = Find a clinic
find-changing = You are changing reservation { $number }. You keep your present place until you have a new one.
find-changing-stop = Stop and see the reservation
find-province = Province or city
find-district = District
find-district-hint = Choose a province and press Search, then choose a district.
find-product = Vaccine
find-name = Clinic or neighbourhood
find-name-hint = As written in Korean: 종로내과, 역삼동
find-more = Dates, time of day, order
find-from = Dose 1, earliest date
find-to = Dose 1, latest date
find-times = Time of day
times-morning = Morning (before 12 noon)
times-afternoon = Afternoon (12 noon to 6 pm)
times-evening = Evening (after 6 pm)
find-order = Order
order-near = Nearest first (within a district)
order-early = Earliest date first
order-name = By name
find-button = Search
find-ask = Where would you like to search?
find-asked = { $area } · change search
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
find-near-hint = We use your location only to find your district. It is not stored.
find-near-asking = Finding out where you are…
find-near-refused = We could not find out where you are. Please choose a province.
find-near-nowhere = We could not find a district near you. Please choose a province.
find-matching = { $count ->
    [one] { $count } clinic has places
   *[other] { $count } clinics have places
}
find-matching-more = { $count } or more clinics have places, the nearest first
find-none = No places match your search
find-none-advice = Try widening one thing at a time:
find-none-area = Set the district to “Any”, or choose another area.
find-none-days = Leave dates and time of day empty.
find-none-product = Leave vaccine and clinic name empty.
find-days-free = { $count ->
    [one] { $count } day with places
   *[other] { $count } days with places
}
find-places-free = { $count ->
    [one] { $count } place left
   *[other] { $count } places left
}
find-earliest = Earliest times
find-pages = More results
find-next = More clinics
find-first = Back to the start
find-product-unknown = This campaign has no such vaccine.
find-day-wrong = Choose a date within the vaccination period.
find-days-reversed = The latest date is before the earliest. Please check the dates.
find-area-too-wide = To choose a time of day, choose a province first.
find-area-unknown = There is no such area. Please choose again.
find-name-wrong = A name can have at most 40 characters.
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
clinic-hold-hint = We hold your place for a few minutes. It is reserved only when you confirm on the next page.
clinic-hold = Hold this time
clinic-change-hint = The button moves you to the new place in one step. If you cannot get the new place, you keep your present one.
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
hold-kept = It is not reserved yet. Please check the details and confirm.
hold-warning = The time is nearly up. Please confirm now, or take more time.
hold-warning-last = The time is nearly up. Please confirm now.
hold-confirm = Confirm the reservation
hold-extend = { $count ->
    [one] { $count } minute more
   *[other] { $count } minutes more
}
hold-extensions-left = { $count ->
    [one] You can take more time once more.
   *[other] You can take more time { $count } more times.
}
hold-no-extension = You cannot take more time. Please confirm before the time is up.
hold-release = Choose another place
hold-over-title = The time to confirm has run out
hold-over = Others can now choose the place we held for you. “My reservations” shows whether you had confirmed it.
hold-none-title = No place is held for you
hold-none = You have already confirmed it or given it up. Look at “My reservations”, or search again.
hold-same-clinic = Other times at this clinic
offers-title = Other places nearby
offers-none = There are no places left nearby. Please search with other dates or another area.

reservations-none = You have no reservations yet.
reservations-holding = A place is held for you. Please confirm it before the time is up.
reservation-title = Reservation { $number }
reservation-heading = My reservation
reservation-done = Reserved
reservation-changed = Your reservation has been changed
reservation-cancelled-now = Your reservation is cancelled
reservation-is-cancelled = This reservation is cancelled. Others can now choose the place.
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
bring-number = Bring your reservation number, or a print of this page.
bring-clothes = Wear clothes that let you bare your shoulder easily.
bring-ill = If you have a fever or feel ill, do not come: change the date.
bring-child-grown-up = A parent or guardian comes along.
bring-child-papers = Bring the parent’s or guardian’s identity card, and a document with the child’s name and date of birth.
bring-child-clothes = Dress the child so that the upper arm or thigh can be bared easily.
bring-child-ill = If the child has a fever or feels ill, do not come: change the date.

consent-title = Consent: what we keep about you
consent-lead = Please read this before we hold your first place. It takes half a minute.
consent-what-title = What we keep
consent-what-details = Your name, date of birth and telephone number. They are encrypted with a key that is yours alone.
consent-what-code = A code made from the result of your sign-in, to tell you from everyone else. The result itself is not kept.
consent-what-reservations = Your reservations: clinic, vaccine, date and time, and when you reserved, changed or cancelled.
consent-why-title = Why we keep it
consent-why = So that the clinic recognises you, so that we can reach you if something changes, and so that nobody reserves twice.
consent-long-title = How long we keep it
consent-long = Your name, date of birth and telephone number: until you erase them under “My data”. You can do so at any time once you have no reservations left. The record of reservations stays, under a number only; once you have erased your data, nobody can tell whose it was.
consent-no-title = If you do not agree
consent-no = You do not have to agree, but then we cannot hold a place for you. You can erase what your sign-in told us under “My data”.
consent-not-held = Your choice is not held yet. If it is still free when you agree, we hold it at once.
consent-agree = I agree. Hold this place
consent-back = I do not agree. Go back

my-data-title = My data
my-data-lead = You can download or erase what is kept about you here.
my-data-consent = What is kept, why and how long
my-data-export-title = Download my data
my-data-export-what = A JSON file with your name, date of birth, telephone number and all reservations. Do not download it on a device that others use.
my-data-export = Download
my-data-erase-title = Erase my data
my-data-erase-what = Your name, date of birth and telephone number are removed, and you are signed out. This cannot be undone.
my-data-erase-reservations = You will no longer see past reservations. If you sign in again, we treat you as somebody new.
my-data-erase-active = You still have a reservation, so your data cannot be erased. Please cancel it first.
my-data-erase-sure = I understand that this cannot be undone.
my-data-erase = Erase my data
my-data-erase-unsure = To erase your data, tick “I understand that this cannot be undone.”
my-data-erased = Your data is erased, and you are signed out.

change-title = Change date or place
change-safe = You give up your present place only at the moment you get the new one. Until then nothing changes.
change-now = Reservation { $number }
change-same-clinic = Other times at this clinic
change-other-clinic = Find another clinic
change-keep = Leave it as it is
change-button = Move to this time

cancel-title = Cancel this reservation?
cancel-consequence = If you cancel, you lose your places for all doses you have not had yet. This cannot be undone.
cancel-rather-change = If you only want to change the date, you do not need to cancel.
cancel-button = Yes, cancel the reservation

problem-retry = { $count ->
    [one] Time to wait: about { $count } second
   *[other] Time to wait: about { $count } seconds
}
problem-place-kept = If a place is held for you, it stays yours until its time is up.
problem-incident = Number to give when you ask for help:
problem-about = More about this message
problems-title = When something goes wrong
problems-lead = Every message that pages and the API can give, and what to do. The codes never change.
asked-name-missing = Enter your name.
asked-birth-date-missing = Enter your date of birth, as 1985-02-28.
asked-phone-missing = Enter your mobile number.
asked-registry-number-missing = Enter the registration number on your identity document.
asked-login-missing = Enter your user name or number there.
asked-wrong = This is not right. Please check what you entered.
asked-too-long = This is too long. Enter at most 60 characters.
asked-not-found = Nobody matches what you entered. Please check it.
line-to-change = To change your reservation, come in once more. It stands until you have confirmed another time.
