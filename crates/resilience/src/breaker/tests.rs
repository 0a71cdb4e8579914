//! The breaker's table of states, that it cannot stick, and what holds for any sequence of calls.

use super::machine::Phase;
use super::*;
use crate::ManualClock;

const SECOND: Duration = Duration::from_secs(1);

fn breaker(config: Config) -> (ManualClock, Breaker) {
    let clock = ManualClock::new();
    let breaker = Breaker::new(config, Arc::new(clock.clone()), Chance::from_seed(1)).unwrap();
    (clock, breaker)
}

fn steady() -> Config {
    Config { open_jitter: 0.0, ..Config::default() }
}

fn call(breaker: &Breaker, n: u32, outcome: Outcome) {
    for _ in 0..n {
        breaker.permit().unwrap().done(outcome);
    }
}

fn open(breaker: &Breaker) {
    call(breaker, 20, Outcome::Failure);
    assert_eq!(breaker.state(), State::Open);
}

/// A breaker that has just become half-open, and the first permit of its trial.
fn half_open() -> (ManualClock, Breaker, Permit) {
    let (clock, breaker) = breaker(steady());
    open(&breaker);
    clock.advance(SECOND * 30);
    let permit = breaker.permit().unwrap();
    assert_eq!(breaker.state(), State::HalfOpen);
    (clock, breaker, permit)
}

#[test]
fn defaults() {
    let config = Config::default();
    assert_eq!(config.problems(), [""; 0]);
    assert_eq!((config.window, config.min_calls), (Window::Calls(100), 20));
    assert_eq!((config.failure_rate, config.slow_call_rate), (0.5, 0.8));
    assert_eq!(config.slow_call_seconds, 2.0);
    assert_eq!(
        (config.open_seconds, config.open_factor, config.open_max_seconds),
        (30.0, 2.0, 300.0)
    );
    assert!(config.open_jitter > 0.0);
    assert_eq!((config.half_open_permits, config.half_open_seconds), (10, 30.0));
    assert_eq!(config.mode, Mode::Automatic);
}

#[test]
fn settings_are_read_and_checked() {
    let read = |text| serde_json::from_str::<Config>(text);
    let config = read(r#"{"window": {"seconds": 60}, "mode": "metrics_only"}"#).unwrap();
    assert_eq!((config.window, config.mode), (Window::Seconds(60), Mode::MetricsOnly));
    assert!(read(r#"{"windows": 1}"#).is_err());
    let config = Config { min_calls: 101, open_seconds: 400.0, ..Config::default() };
    assert_eq!(
        config.problems(),
        [
            "min_calls: expected 1 to 100, found 101",
            "open_max_seconds: expected 400 to 86400, found 300"
        ]
    );
    let refused = Breaker::new(config, Arc::new(ManualClock::new()), Chance::from_seed(1));
    assert_eq!(refused.err().map(|error| error.0.len()), Some(2));
}

#[test]
fn opens_at_half_failures_and_not_before_twenty_calls() {
    let (_, breaker) = breaker(steady());
    call(&breaker, 10, Outcome::Success);
    call(&breaker, 9, Outcome::Failure);
    assert_eq!(breaker.state(), State::Closed);
    call(&breaker, 1, Outcome::Failure);
    assert_eq!(breaker.state(), State::Open);
    let transitions = breaker.transitions();
    let expected = Transition {
        at: Duration::ZERO,
        from: State::Closed,
        to: State::Open,
        cause: Cause::FailureRate,
    };
    assert_eq!((transitions, breaker.transitions()), (vec![expected], vec![]));
    assert_eq!(breaker.permit().err(), Some(Open { retry_after: SECOND * 30 }));
    assert_eq!(breaker.snapshot().refused_total, 1);
}

#[test]
fn ignored_calls_say_nothing() {
    let (_, breaker) = breaker(steady());
    call(&breaker, 10, Outcome::Success);
    call(&breaker, 500, Outcome::Ignored);
    call(&breaker, 9, Outcome::Failure);
    assert_eq!(breaker.snapshot().tally, Tally { calls: 19, failures: 9, slow_calls: 0 });
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn opens_when_four_of_five_are_slow() {
    let (clock, breaker) = breaker(steady());
    let slow = |time| {
        let permit = breaker.permit().unwrap();
        clock.advance(time);
        permit.done(Outcome::Success);
    };
    (0..5).for_each(|_| slow(SECOND * 2));
    (0..14).for_each(|_| slow(SECOND * 3));
    assert_eq!(breaker.state(), State::Closed);
    slow(SECOND * 3);
    // 15 of 20 are not enough; 20 of 25 are.
    assert_eq!(breaker.state(), State::Closed);
    (0..5).for_each(|_| slow(SECOND * 3));
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.transitions()[0].cause, Cause::SlowCallRate);
}

#[test]
fn a_window_of_time_forgets() {
    let config = Config { window: Window::Seconds(10), ..steady() };
    let (clock, breaker) = breaker(config);
    call(&breaker, 19, Outcome::Failure);
    clock.advance(SECOND * 10);
    call(&breaker, 19, Outcome::Failure);
    assert_eq!(breaker.state(), State::Closed);
    call(&breaker, 1, Outcome::Failure);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn open_times_double_up_to_five_minutes_and_start_again_after_success() {
    let (clock, breaker) = breaker(steady());
    open(&breaker);
    let mut waits = Vec::new();
    for _ in 0..6 {
        let wait = breaker.permit().err().unwrap().retry_after;
        clock.advance(wait - Duration::from_nanos(1));
        assert!(breaker.permit().is_err());
        clock.advance(Duration::from_nanos(1));
        call(&breaker, 10, Outcome::Failure);
        waits.push(wait.as_secs());
    }
    assert_eq!(waits, [30, 60, 120, 240, 300, 300]);
    clock.advance(SECOND * 300);
    call(&breaker, 10, Outcome::Success);
    assert_eq!(breaker.state(), State::Closed);
    open(&breaker);
    assert_eq!(breaker.permit().err(), Some(Open { retry_after: SECOND * 30 }));
}

#[test]
fn jitter_only_shortens() {
    let waits: Vec<Duration> = (0..100)
        .map(|seed| {
            let clock = Arc::new(ManualClock::new());
            let breaker = Breaker::new(Config::default(), clock, Chance::from_seed(seed)).unwrap();
            open(&breaker);
            breaker.permit().err().unwrap().retry_after
        })
        .collect();
    assert!(waits.iter().all(|wait| (SECOND * 27..=SECOND * 30).contains(wait)));
    let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    assert!(*most - *least > SECOND * 2, "{least:?} to {most:?}");
}

#[test]
fn a_trial_is_judged_by_ten_calls() {
    for (failures, expected) in [(4, State::Closed), (5, State::Open)] {
        let (_, breaker, permit) = half_open();
        permit.done(Outcome::Success);
        call(&breaker, failures, Outcome::Failure);
        call(&breaker, 8 - failures, Outcome::Success);
        assert_eq!(breaker.state(), State::HalfOpen);
        call(&breaker, 1, Outcome::Success);
        assert_eq!(breaker.state(), expected, "{failures} of 10");
    }
}

#[test]
fn a_trial_has_ten_permits_at_once_and_dropped_ones_come_back() {
    let (_, breaker, first) = half_open();
    let rest: Vec<Permit> = (0..9).map(|_| breaker.permit().unwrap()).collect();
    assert_eq!(breaker.permit().err(), Some(Open { retry_after: SECOND * 30 }));
    drop(first);
    breaker.permit().unwrap().done(Outcome::Ignored);
    let again = breaker.permit().unwrap();
    assert!(breaker.permit().is_err());
    drop((again, rest));
    call(&breaker, 10, Outcome::Success);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn permits_that_are_never_reported_do_not_stick() {
    let (clock, breaker, first) = half_open();
    let lost: Vec<Permit> = (0..9).map(|_| breaker.permit().unwrap()).collect();
    assert!(breaker.permit().is_err());
    clock.advance(SECOND * 30);
    let second_round = breaker.permit().unwrap();
    assert_eq!(breaker.state(), State::HalfOpen);
    // Those of the first round count for nothing now, and come back nowhere.
    first.done(Outcome::Failure);
    drop(lost);
    assert_eq!(breaker.snapshot().tally.calls, 0);
    let rest: Vec<Permit> = (0..9).map(|_| breaker.permit().unwrap()).collect();
    assert!(breaker.permit().is_err());
    drop((second_round, rest));
}

#[test]
fn a_trial_out_of_time_is_judged_by_what_was_reported() {
    for (outcome, expected) in [(Outcome::Success, true), (Outcome::Failure, false)] {
        let (clock, breaker, permit) = half_open();
        permit.done(outcome);
        let _hangs = breaker.permit().unwrap();
        clock.advance(SECOND * 30);
        assert_eq!(breaker.permit().is_ok(), expected);
        assert_eq!(breaker.state() == State::Closed, expected);
    }
}

#[test]
fn late_reports_do_not_count() {
    let (clock, breaker) = breaker(steady());
    let late: Vec<Permit> = (0..50).map(|_| breaker.permit().unwrap()).collect();
    open(&breaker);
    clock.advance(SECOND * 30);
    let trial = breaker.permit().unwrap();
    late.into_iter().for_each(|permit| permit.done(Outcome::Success));
    assert_eq!((breaker.state(), breaker.snapshot().tally.calls), (State::HalfOpen, 0));
    drop(trial);
}

#[test]
fn operators_decide() {
    let (_, breaker) = breaker(steady());
    breaker.set_mode(Mode::ForcedOpen);
    assert_eq!(breaker.permit().err(), Some(Open { retry_after: SECOND * 300 }));
    breaker.set_mode(Mode::Disabled);
    call(&breaker, 100, Outcome::Failure);
    assert_eq!((breaker.state(), breaker.snapshot().tally.calls), (State::Disabled, 0));
    breaker.set_mode(Mode::MetricsOnly);
    call(&breaker, 100, Outcome::Failure);
    assert_eq!((breaker.state(), breaker.snapshot().tally.failures), (State::MetricsOnly, 100));
    breaker.set_mode(Mode::Automatic);
    assert_eq!((breaker.state(), breaker.snapshot().tally.calls), (State::Closed, 0));
    let to: Vec<State> = breaker.transitions().iter().map(|transition| transition.to).collect();
    assert_eq!(to, [State::ForcedOpen, State::Disabled, State::MetricsOnly, State::Closed]);
}

#[test]
fn an_operator_starts_an_open_breaker_anew() {
    let (clock, breaker) = breaker(steady());
    open(&breaker);
    clock.advance(SECOND * 30);
    call(&breaker, 10, Outcome::Failure);
    breaker.set_mode(Mode::Automatic);
    assert_eq!(breaker.state(), State::Closed);
    open(&breaker);
    assert_eq!(breaker.permit().err(), Some(Open { retry_after: SECOND * 30 }));
}

#[test]
fn transitions_are_bounded() {
    let (_, breaker) = breaker(steady());
    (0..1000).for_each(|_| breaker.set_mode(Mode::Disabled));
    assert_eq!(breaker.snapshot().transitions_total, 1000);
    assert_eq!(breaker.transitions().len(), MAX_TRANSITIONS);
}

/// Any sequence of calls: what must hold after each step, and that it comes back in the end.
#[test]
fn invariants_of_ten_thousand_sequences() {
    let mut seen = [0u32; 3];
    for seed in 0..10_000 {
        let chance = Chance::from_seed(seed);
        let window = if seed % 2 == 0 { Window::Calls(8) } else { Window::Seconds(8) };
        let config = Config { window, min_calls: 4, half_open_permits: 3, ..Config::default() };
        let (clock, breaker) = breaker(config.clone());
        let mut held: Vec<Permit> = Vec::new();
        let mut refused_until: Option<Duration> = None;
        for _ in 0..60 {
            match chance.bits() % 8 {
                0..=2 => match breaker.permit() {
                    Ok(permit) => {
                        held.push(permit);
                        refused_until = None;
                    }
                    Err(Open { retry_after }) => {
                        assert!(retry_after <= SECOND * 300, "seed {seed}");
                        if breaker.state() == State::Open {
                            let until = clock.now() + retry_after;
                            assert!(refused_until.is_none_or(|told| told == until), "seed {seed}");
                            refused_until = Some(until);
                        } else {
                            refused_until = None;
                        }
                    }
                },
                3..=5 if !held.is_empty() => {
                    let permit = held.swap_remove(chance.bits() as usize % held.len());
                    match chance.bits() % 4 {
                        0 => permit.done(Outcome::Success),
                        1 | 2 => permit.done(Outcome::Failure),
                        _ => drop(permit),
                    }
                }
                6 => clock.advance(chance.up_to(SECOND * 3)),
                7 => clock.advance(chance.up_to(SECOND * 40)),
                _ => {}
            }
            let mut machine = lock(&breaker.0.machine);
            match machine.phase {
                Phase::Closed => {
                    seen[0] += 1;
                    // A window of time may forget its successes, and is judged at the next call.
                    let tally = machine.recent.tally(clock.now());
                    let is_sound = tally.calls < 4 || config.too_high(tally).is_none();
                    assert!(is_sound || window == Window::Seconds(8), "seed {seed}");
                }
                Phase::Open { until } => {
                    seen[1] += 1;
                    assert!(until <= clock.now() + SECOND * 300, "seed {seed}");
                }
                Phase::HalfOpen { permits, tally, .. } => {
                    seen[2] += 1;
                    // Every permit of a trial is free, out, or reported: never more than there are.
                    let of_trial = held.iter().filter(|permit| permit.epoch == machine.epoch);
                    let out = of_trial.count() as u32;
                    assert_eq!(permits + out + tally.calls, 3, "seed {seed}");
                }
            }
        }
        // Whatever happened, after the longest open time and the longest trial somebody is let in.
        clock.advance(SECOND * 300);
        let _first = breaker.permit();
        clock.advance(SECOND * 300);
        assert!(breaker.permit().is_ok(), "seed {seed}");
    }
    assert!(seen.iter().all(|n| *n > 10_000), "{seen:?}");
}

#[test]
fn many_threads_agree() {
    let (_, breaker) = breaker(Config { window: Window::Calls(1000), ..steady() });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| call(&breaker, 250, Outcome::Success));
        }
    });
    assert_eq!(breaker.snapshot().tally.calls, 1000);
}
