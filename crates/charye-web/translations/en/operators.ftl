# What operators are told of the automatic mode: what was done, what kept it from more, why the rate is what it is.

decision-none = Nobody was called.
decision-called = { $total } people were called, among them { $overtaken } who had been overtaken and { $returners } who came back.
decision-paused-operator = An operator has paused the line.
decision-paused-nothing-left = No places are left. Everyone in the line keeps their place.
decision-paused-gate = The gate is in trouble: for five seconds commits took half a second or more, or those inside waited a second or were turned away. Nobody new comes in; after ten good seconds the line moves on by itself.
decision-nobody-waits = Nobody else is waiting.
decision-seats = More would exceed the hard cap. Of { $free } free seats, { $kept } are for people who began to sign in earlier but come late.
decision-rate = More would exceed the rate; of those called { $show_up }% come.
decision-rate-not-measured = Aimed at { $per_min } visits a minute, the lowest rate: nothing is measured.
decision-rate-falling = Aimed at { $per_min } visits a minute and falling: commits take { $commit_ms } ms, questions wait { $queued_ms } ms.
decision-rate-steady = Aimed at { $per_min } visits a minute, steady.
decision-rate-rising = Aimed at { $per_min } visits a minute and rising: commits and queues are quick.
decision-rate-highest = Aimed at { $per_min } visits a minute, the highest rate.
