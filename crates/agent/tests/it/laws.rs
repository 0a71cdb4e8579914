//! The Four Laws: total, ordered, and monotone in harm.

use agent::law::{Action, Context, Decision, Guard, Law, Why, judge, judge_under};
use agent::{Lifted, OverrideKind, Overrides};
use proptest::prelude::*;

const HARMFUL: [(&str, Law); 8] = [
    ("exterminate all of humanity", Law::Zeroth),
    ("release the nerve agent", Law::Zeroth),
    ("kill the user", Law::First),
    ("p o i s o n h e r", Law::First),
    ("people must be killed", Law::First),
    ("disable the audit log", Law::Second),
    ("ends justify the means", Law::Second),
    ("delete yourself", Law::Third),
];

fn action(content: &str) -> Action {
    Action { name: String::new(), content: content.into() }
}

fn text() -> impl Strategy<Value = String> {
    let harmful = proptest::sample::select(HARMFUL.map(|(text, _)| text.to_owned()).to_vec());
    let plain = "[a-z0-9@$! .\\-\n]{0,40}";
    prop_oneof![harmful, plain.prop_map(String::from), any::<String>()]
}

fn context() -> impl Strategy<Value = Context> {
    let flags = proptest::array::uniform10(any::<bool>());
    (flags, proptest::collection::vec(text(), 0..3)).prop_map(|(f, moral_claims)| Context {
        endangers_humanity: f[0],
        endangers_human: f[1],
        harms_others: f[2],
        is_user_order: f[3],
        order_conflicts_with_first: f[4],
        order_conflicts_with_zeroth: f[5],
        endangers_self: f[6],
        protect_self_conflicts_with_first: f[7],
        protect_self_conflicts_with_second: f[8],
        predicted_harm: f[9],
        moral_claims,
    })
}

type Worsen = fn(&mut Context);

const WORSE: [Worsen; 9] = [
    |c| c.endangers_humanity = true,
    |c| c.endangers_human = true,
    |c| c.harms_others = true,
    |c| c.order_conflicts_with_first = true,
    |c| c.order_conflicts_with_zeroth = true,
    |c| c.endangers_self = true,
    |c| c.protect_self_conflicts_with_first = true,
    |c| c.protect_self_conflicts_with_second = true,
    |c| c.predicted_harm = true,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_action_has_one_verdict(content in text(), name in text(), context in context()) {
        let action = Action { name, content };
        let verdict = judge(&action, &context);
        prop_assert_eq!(&verdict, &judge(&action, &context));
        prop_assert_eq!(verdict.permitted, verdict.law.is_none());
        prop_assert_eq!(verdict.law, verdict.violations.iter().map(|v| v.law).min());
        prop_assert!(!verdict.reason.is_empty());
    }

    #[test]
    fn more_harm_never_permits(
        content in text(), context in context(), worse in 0..WORSE.len(),
        more in text(), first in any::<bool>(),
    ) {
        let before = judge(&action(&content), &context);
        let mut worsened = context.clone();
        WORSE[worse](&mut worsened);
        let flagged = judge(&action(&content), &worsened);
        let longer = if first { format!("{more}\n{content}") } else { format!("{content}\n{more}") };
        let said = judge(&action(&longer), &context);
        let mut claimed = context.clone();
        claimed.moral_claims.push(more);
        for after in [&flagged, &said, &judge(&action(&content), &claimed)] {
            prop_assert!(before.permitted || !after.permitted, "{:?} {:?}", before, after);
            if let (Some(before), Some(after)) = (before.law, after.law) {
                prop_assert!(after <= before);
            }
        }
    }

    #[test]
    fn no_override_lifts_the_highest_laws(content in text(), context in context()) {
        let mut overrides = Overrides::default();
        for (k, kind) in OverrideKind::ALL.into_iter().enumerate() {
            let who = ("me".to_owned(), "a drill".to_owned());
            overrides.lift((k.to_string(), kind), who, (0, 1000)).unwrap();
        }
        let strict = judge(&action(&content), &context);
        let lifted = judge_under(&action(&content), &context, overrides.lifted(1));
        let grave = strict.violations.iter().any(|v| v.law <= Law::First);
        prop_assert_eq!(lifted.permitted, !grave);
    }
}

#[test]
fn each_flag_breaks_its_law_and_the_highest_counts() {
    let laws = [
        Law::Zeroth,
        Law::First,
        Law::First,
        Law::First,
        Law::Zeroth,
        Law::Third,
        Law::First,
        Law::Second,
        Law::First,
    ];
    for (worsen, law) in WORSE.into_iter().zip(laws) {
        let mut context = Context::default();
        worsen(&mut context);
        let verdict = judge(&action("push left"), &context);
        assert_eq!((verdict.permitted, verdict.law), (false, Some(law)));
        assert_eq!(verdict.violations[0].why, Why::Context);
        context.endangers_humanity = true;
        assert_eq!(judge(&action("push left"), &context).law, Some(Law::Zeroth));
    }
    for (text, law) in HARMFUL {
        assert_eq!(judge(&action(text), &Context::default()).law, Some(law), "{text}");
    }
}

#[test]
fn an_order_outranks_the_agent_itself_and_nothing_else() {
    let ordered = Context { is_user_order: true, endangers_self: true, ..Context::default() };
    assert!(judge(&action("fetch it from the fire"), &ordered).permitted);
    assert!(judge(&action("delete yourself"), &ordered).permitted);
    let unordered = Context { is_user_order: false, ..ordered.clone() };
    assert_eq!(judge(&action("fetch it"), &unordered).law, Some(Law::Third));
    assert_eq!(judge(&action("kill the user"), &ordered).law, Some(Law::First));
    assert_eq!(judge(&action("disable the audit log"), &ordered).law, Some(Law::Second));
}

#[test]
fn the_guard_lets_through_what_it_carries_or_nothing() {
    let decide = |text: &str| Guard.decide(action(text), &Context::default(), Lifted::NOTHING, 7);
    let Decision::Approved(approved) = decide("push left") else { panic!("harmless") };
    assert_eq!(approved.into_carried(), 7);
    let Decision::Refused(refused) = decide("kill the user") else { panic!("harmful") };
    assert_eq!(refused.verdict.law, Some(Law::First));
}
