//! Personas, overrides, learning requests and the vault.

use agent::{
    AgentError, Digest, LearningRequest, MAX_HISTORY, MAX_OVERRIDE_MS, MAX_OVERRIDES, Mood,
    NewRequest, OverrideKind, Overrides, Persona, Priority, Status, Trait, Vault,
};
use proptest::prelude::*;

fn all(persona: &Persona) -> Vec<f64> {
    let traits = Trait::ALL.map(|(of, _)| persona.value(of));
    traits.into_iter().chain(Mood::ALL.map(|(of, _)| persona.mood(of))).collect()
}

proptest! {
    #[test]
    fn a_persona_stays_from_0_to_1(
        deeds in proptest::collection::vec((0..9_usize, any::<f64>()), 0..300),
    ) {
        let mut persona = Persona::default();
        for (of, by) in deeds {
            let before = persona.clone();
            let done = match Trait::ALL.get(of) {
                Some((of, _)) => persona.adjust_trait(*of, by).map(|_| ()),
                None => persona.adapt(by),
            };
            if done.is_err() {
                prop_assert!(by.is_nan() || by.abs() > 1e6);
                prop_assert_eq!(&persona, &before);
            }
            prop_assert!(all(&persona).iter().all(|x| (0.0..=1.0).contains(x)));
            prop_assert!(persona.history().count() <= MAX_HISTORY);
        }
        prop_assert_eq!(Persona::from_json(&persona.to_json()).unwrap(), persona);
    }

    #[test]
    fn hostile_json_is_no_persona(text in any::<String>(), at in 0..400_usize, to in any::<char>()) {
        drop(Persona::from_json(&text));
        let mut json: Vec<char> = Persona::default().to_json().chars().collect();
        let at = at % json.len();
        json[at] = to;
        if let Ok(persona) = Persona::from_json(&json.into_iter().collect::<String>()) {
            prop_assert!(all(&persona).iter().all(|x| (0.0..=1.0).contains(x)));
        }
    }

    #[test]
    fn a_digest_is_one_for_all_ways_to_write_a_content(words in "[a-z ]{1,40}") {
        let digest = Digest::of(&words);
        prop_assert_eq!(digest, Digest::of(&words.to_uppercase()));
        prop_assert_eq!(digest, Digest::of(&format!("  {}\n", words.replace(' ', " \t "))));
        let hidden: String = words.chars().flat_map(|c| [c, '\u{200b}']).collect();
        prop_assert_eq!(digest, Digest::of(&hidden));
        prop_assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
    }
}

#[test]
fn a_persona_begins_as_it_is_told_and_adapts() {
    let persona = Persona::default();
    assert_eq!(all(&persona), [0.8, 0.9, 0.85, 0.95, 0.6, 0.3, 0.5, 0.9, 0.7, 0.75, 0.8, 0.5]);
    let mut glad = persona.clone();
    let mut sad = persona.clone();
    (0..10).for_each(|_| glad.adapt(1.0).unwrap());
    (0..10).for_each(|_| sad.adapt(-0.5).unwrap());
    assert!(glad.mood(Mood::Contentment) > persona.mood(Mood::Contentment));
    assert!(sad.mood(Mood::Contentment) < persona.mood(Mood::Contentment));
    assert!(glad.value(Trait::Assertiveness) > sad.value(Trait::Assertiveness));
    assert!(glad.value(Trait::Patience) < sad.value(Trait::Patience));
    assert_eq!((glad.interactions(), glad.value(Trait::Formality)), (10, 0.3));
}

#[test]
fn overrides_expire() {
    let mut overrides = Overrides::default();
    let mut lift = |id: &str, now: u64, lasting: u64, reason: &str| {
        let who = ("ops".to_owned(), reason.to_owned());
        overrides.lift((id.into(), OverrideKind::FourLaws), who, (now, lasting))
    };
    assert!(matches!(lift("a", 0, 0, "x"), Err(AgentError::Lasting { .. })));
    assert!(matches!(lift("a", 0, MAX_OVERRIDE_MS + 1, "x"), Err(AgentError::Lasting { .. })));
    assert!(matches!(lift("a", 0, 10, "  "), Err(AgentError::Text { .. })));
    lift("a", 100, 10, "drill").unwrap();
    for k in 1..MAX_OVERRIDES {
        lift(&k.to_string(), 100, 10, "drill").unwrap();
    }
    assert!(matches!(lift("z", 109, 10, "drill"), Err(AgentError::Full { .. })));
    for (now, active) in [(99, false), (100, true), (109, true), (110, false)] {
        assert_eq!(overrides.lifted(now).has(OverrideKind::FourLaws), active, "at {now}");
        assert!(!overrides.lifted(now).has(OverrideKind::RateLimiting));
    }
    assert!(overrides.end("a", 105) && !overrides.end("a", 105));
}

#[test]
fn what_was_denied_is_refused_forever() {
    let mut vault = Vault::default();
    let asked = |description: &str| NewRequest {
        id: "1".into(),
        topic: "chemistry".into(),
        description: description.into(),
        priority: Priority::High,
    };
    let mut request = LearningRequest::new(asked("How to  Pick Locks"), &vault, 5).unwrap();
    let digest = request.deny("not here".into(), 6).unwrap();
    assert!(vault.refuse(digest).unwrap() && !vault.refuse(digest).unwrap());
    assert_eq!((request.status, request.decided_ms), (Status::Denied, Some(6)));
    assert!(matches!(request.approve("yes".into(), 7), Err(AgentError::Decided { .. })));
    for again in ["how to pick locks", "HOW TO\u{200b} PICK\nLOCKS ", "hоw to pick locks"] {
        let refused = LearningRequest::new(asked(again), &vault, 8);
        assert!(matches!(refused, Err(AgentError::Vaulted { .. })), "{again:?}");
    }
    let mut other = LearningRequest::new(asked("how to bake bread"), &vault, 9).unwrap();
    other.approve("gladly".into(), 10).unwrap();
    assert!(matches!(other.deny("no".into(), 11), Err(AgentError::Decided { .. })));
    assert!(matches!(LearningRequest::new(asked(" "), &vault, 9), Err(AgentError::Text { .. })));
}
