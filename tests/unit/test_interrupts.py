from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from jupyter_repro.capture.interrupts import HeldBack


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_lets_the_block_end_and_reaches_what_comes_next() -> None:
    done = []

    def run() -> None:
        with HeldBack(pass_on=True):
            interrupt()
            done.append("block")
        done.append("next")
        time.sleep(20)
        done.append("later")

    with pytest.raises(KeyboardInterrupt):
        run()
    assert done == ["block", "next"]


def test_with_nothing_left_to_stop_it_is_over() -> None:
    with HeldBack(pass_on=False):
        interrupt()
    time.sleep(0.1)


def test_the_handler_is_put_back_also_after_an_error() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), HeldBack(pass_on=False):
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_what_is_no_handler_of_pythons_stays(handler: signal.Handlers) -> None:
    before = signal.signal(signal.SIGINT, handler)
    try:
        with HeldBack(pass_on=True):
            pass
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_have_no_interrupts() -> None:
    ran = []

    def work() -> None:
        with HeldBack(pass_on=True):
            ran.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ran == [1]
