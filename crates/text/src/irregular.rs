//! English forms whose base no rule of endings finds: a question asks where somebody *went* with
//! *go*, and what they *bought* with *buy*. Everyday verbs and nouns; a form that is also the base
//! of another word (`found`, `saw`, `left`) goes with the sense that talk has most.

use std::sync::LazyLock;

use hashbrown::HashMap;

/// A base and its forms on each line's part.
const FORMS: &str = "
be was were been|beat beaten|become became|begin began begun|bend bent|bet bets|bind bound|bite bit bitten|bleed bled
blow blew blown|break broke broken|breed bred|bring brought|build built|burn burnt|buy bought|catch caught
choose chose chosen|come came|cost costs|creep crept|deal dealt|dig dug|do did done does|draw drew drawn|dream dreamt
drink drank drunk|drive drove driven|eat ate eaten|fall fell fallen|feed fed|feel felt|fight fought|find found
flee fled|fly flew flown flies|forget forgot forgotten|forgive forgave forgiven|freeze froze frozen|get got gotten
give gave given|go went gone goes|grow grew grown|hang hung|have had has|hear heard|hide hid hidden|hold held
keep kept|kneel knelt|knit knitted|know knew known|lay laid|lead led|lean leant|leap leapt|learn learnt|leave left
lend lent|lie lain lying|light lit|lose lost|make made|mean meant|meet met|mistake mistook mistaken|pay paid
prove proven|quit quits|read reads|ride rode ridden|ring rang rung|rise rose risen|run ran|say said|see saw seen|seek sought
sell sold|send sent|sew sewn|shake shook shaken|shine shone|shoot shot|show shown|shrink shrank shrunk|sing sang sung
sink sank sunk|sit sat|sleep slept|slide slid|smell smelt|speak spoke spoken|speed sped|spell spelt|spend spent
spin spun|spoil spoilt|stand stood|steal stole stolen|stick stuck|sting stung|strike struck|swear swore sworn
sweep swept|swim swam swum|swing swung|take took taken|teach taught|tear tore torn|tell told|think thought
throw threw thrown|understand understood|wake woke woken|wear wore worn|weave wove woven|weep wept|win won|wind wound
withdraw withdrew withdrawn|write wrote written|man men|woman women|child children|person people|foot feet|tooth teeth
goose geese|mouse mice|life lives|wife wives|knife knives|leaf leaves|wolf wolves|half halves|shelf shelves|loaf loaves
thief thieves|good better best|bad worse worst|die died dies dying|marry married marries marriage|lose loss|give gift
choose choice|grow growth|fly flight|sing song|sell sale|think thoughts|live lived living|die death|born birth";

static BASES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = FORMS.split(['|', '\n']).map(str::split_whitespace);
    lines
        .filter_map(|mut line| Some((line.next()?, line)))
        .flat_map(|(base, forms)| forms.map(move |form| (form, base)))
        .collect()
});

/// The base of an irregular form, or the form itself.
pub(crate) fn base(form: &str) -> &str {
    BASES.get(form).copied().unwrap_or(form)
}

#[cfg(test)]
mod tests {
    use super::{BASES, base};

    #[test]
    fn forms_have_bases_and_other_words_stay() {
        let cases = [("went", "go"), ("bought", "buy"), ("children", "child"), ("table", "table")];
        cases.into_iter().for_each(|(form, wanted)| assert_eq!(base(form), wanted));
        assert!(BASES.len() > 200);
        assert!(BASES.values().all(|base| !BASES.contains_key(base)), "no base has another");
    }
}
