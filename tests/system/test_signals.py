"""Ctrl-C, SIGTERM and SIGHUP alike."""

import signal
import threading

import pytest

from smot_vlm.system.signals import STOP_SIGNALS, Stopped, StopRequest, on_stop, stop_now


@pytest.fixture(autouse=True)
def usual_handlers():
    """As at the start of a program."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_stops_and_the_handlers_come_back(number):
    with pytest.raises(Stopped) as caught, on_stop(stop_now):
        signal.raise_signal(number)
    assert caught.value.number == number
    assert str(caught.value) == number.name
    assert signal.getsignal(number) is signal.default_int_handler


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_the_first_asks_and_the_second_stops(number):
    seen: list[int] = []
    request = StopRequest(seen.append)
    with on_stop(request):
        assert not request.asked
        signal.raise_signal(number)
        assert request.asked
        with pytest.raises(Stopped):
            signal.raise_signal(number)
    assert seen == [number]


def test_where_nothing_is_left_to_end_early_the_first_stops():
    request = StopRequest()
    request.finish()
    with pytest.raises(Stopped), on_stop(request):
        signal.raise_signal(signal.SIGINT)


def test_a_signal_that_a_launcher_passes_on_is_the_same_one():
    request = StopRequest(same_seconds=60)
    with on_stop(request):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert request.asked


@pytest.mark.parametrize(("number", "obeyed"), [(number, number == signal.SIGINT) for number in STOP_SIGNALS])
def test_what_is_ignored_stays_so_but_for_ctrl_c(number, obeyed):
    """A shell ignores SIGINT for what a script starts with `&`, and `nohup` SIGHUP."""
    signal.signal(number, signal.SIG_IGN)
    request = StopRequest()
    with on_stop(request):
        signal.raise_signal(number)
    assert request.asked == obeyed


def test_other_threads_change_nothing():
    found: list[object] = []

    def work() -> None:
        with on_stop(stop_now):
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
