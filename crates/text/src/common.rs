//! Words that name nothing although they begin many sentences. English.

use std::sync::LazyLock;

use hashbrown::HashSet;

/// In no order that matters.
const WORDS: &str = "
a about above absolutely according across actually adorable after afterwards again against agreed ah all almost alone
along alright also although always am amazing among an and another any anybody anyone anything anyway are around as
ask at aw awesome away awful back bad beautiful because been before behind being believe below best better between
both brilliant but by bye came can cannot care careful certainly check cheers children classes come congrats
congratulations cool could dad dear deal definitely despite did do does done down due during each either else enjoy
enough especially even eventually ever every everybody everyone everything everywhere exactly excellent except
excited exciting fair fantastic far few finally find fine first five for fortunately found four from fun furthermore
gave get girls give glad go goal going gonna good goodbye goodness got great guess guys ha haha had happy hard has hate
have having he heard hello help hence her here hers herself hey hi him himself his hmm honestly hope hopefully how
however huge hundreds i if imagine in indeed inside instead interesting into is it its itself just keep kids kind kinda
know last lately later least leave less let like likewise listen little long look looks lot lots love lovely lucky made
make makes many maybe me mean meanwhile might mine mom more moreover most mostly much mum must my myself nah near
nearly neither never nevertheless new next nice no nobody none nope nor not note noted nothing now nowhere of off often
oh ok okay on once one only onto oops or other others otherwise ouch our ours ourselves out outside over own people
per perfect perhaps please plus poor possibly pretty probably proud put quick quite rather read really recently
remember remind right sad said same saw say says scary see seeing seems seriously several shall she should show
similarly simply since six smart so some somebody somehow someone something sometimes somewhere soon sorry sounds
speaking still such suddenly super sure surely take talk tell ten thank thanks that the their theirs them themselves
then there therefore these they thing things think this those though thought three through throughout thus till time
to today together told tomorrow tonight too totally toward true truly try two ugh under unfortunately unless unlike
until up upon us use usually very wait wanna want was way we welcome well went were what whatever when whenever where
whereas wherever whether which while who whoever whom whose why will wish with within without wonderful works would wow
yay yeah year years yep yes yesterday yet you your yours yourself yourselves yum";

static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| WORDS.split_whitespace().collect());

/// Whether `word` is one of these, with its capital and without what is contracted (`I'm`, `Let's`).
pub(crate) fn is_common(word: &str) -> bool {
    let lower = word.to_lowercase();
    let bare = lower.split(['\'', '\u{2019}']).next().unwrap_or_default();
    let negated =
        bare.strip_suffix('n').filter(|_| lower.ends_with("n't") || lower.ends_with("n\u{2019}t"));
    COMMON.contains(bare) || negated.is_some_and(|verb| COMMON.contains(verb))
}

#[cfg(test)]
mod tests {
    use super::is_common;

    #[test]
    fn contractions_are_common_too() {
        assert!(["The", "I'm", "Didn't", "What\u{2019}s", "let"].into_iter().all(is_common));
        assert!(!["Nora", "Nora's", "O'Neill"].into_iter().any(is_common));
    }
}
