# 운영자에게 자동 조절을 설명하는 글: 무엇을 했고, 무엇 때문에 더 부르지 않았고, 속도가 왜 이만큼인지.

decision-none = 아무도 부르지 않았습니다.
decision-called = { $total }명을 불렀습니다. 그중 순서가 앞섰던 분이 { $overtaken }명, 다시 오신 분이 { $returners }명입니다.
decision-paused-operator = 운영자가 줄을 멈췄습니다.
decision-paused-nothing-left = 남은 자리가 없습니다. 줄에 계신 분들의 순서는 모두 그대로입니다.
decision-paused-gate = 입구에 문제가 있어 새로 들어갈 수 없습니다. 5초 동안 기록에 0.5초 이상 걸렸거나, 안에 계신 분이 1초 이상 기다렸거나 돌려보내졌습니다. 10초 동안 괜찮으면 줄이 저절로 다시 움직입니다.
decision-nobody-waits = 더 기다리는 분이 없습니다.
decision-seats = 더 부르면 최대 입장 인원을 넘습니다. 빈자리 { $free }석 가운데 { $kept }석은 먼저 본인인증을 시작했지만 늦게 오시는 분들의 몫입니다.
decision-rate = 더 부르면 입장 속도를 넘습니다. 부른 분의 { $show_up }%가 들어옵니다.
decision-rate-not-measured = 1분에 { $per_min }명을 목표로 합니다. 측정한 값이 없어 가장 낮은 속도입니다.
decision-rate-falling = 1분에 { $per_min }명을 목표로 하며 낮추는 중입니다. 기록에 { $commit_ms }ms, 대기에 { $queued_ms }ms 걸립니다.
decision-rate-steady = 1분에 { $per_min }명을 목표로 하며 그대로 둡니다.
decision-rate-rising = 1분에 { $per_min }명을 목표로 하며 올리는 중입니다. 기록과 대기가 빠릅니다.
decision-rate-highest = 1분에 { $per_min }명을 목표로 합니다. 가장 높은 속도입니다.
