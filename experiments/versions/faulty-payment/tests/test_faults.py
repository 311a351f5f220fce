"""What befalls calls, by the rule alone."""

from itertools import cycle

from souk_faulty_payment.faults import Fate, Faults, fate


def fates(faults: Faults, *drawn: float, calls: int = 4) -> list[Fate]:
    numbers = cycle(drawn)
    return [fate(faults, number, lambda: next(numbers)) for number in range(1, calls + 1)]


def test_without_faults_nothing_befalls_a_call() -> None:
    assert set(fates(Faults(), 0.0)) == {Fate(fails=False, waits=0.0, crashes=False)}


def test_the_share_of_the_calls_that_was_asked_for_fails() -> None:
    assert [each.fails for each in fates(Faults(error_share=0.3), 0.29, 0.9, 0.3, 0.9)] == [True, False, True, False]


def test_a_call_that_is_delayed_may_succeed_and_one_that_fails_may_be_quick() -> None:
    faults = Faults(error_share=0.5, delay_share=0.5, delay_seconds=2.0)
    assert [(each.fails, each.waits) for each in fates(faults, 0.1, 0.9, 0.9, 0.1, calls=2)] == [
        (True, 0.0),
        (False, 2.0),
    ]


def test_a_crash_comes_at_the_call_after_so_many() -> None:
    assert [each.crashes for each in fates(Faults(crash_after_calls=2), 0.0)] == [False, False, True, True]
    assert fates(Faults(crash_after_calls=0), 0.0, calls=1)[0].crashes
