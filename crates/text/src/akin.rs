//! Words of near meaning in everyday English: a question asks for a *job* where somebody told of
//! their *work*, and for a *pet* where they told of a *dog*. A table, written by hand; a word that
//! means several things stands with the sense that talk has most, or not at all.

use std::sync::LazyLock;

use hashbrown::HashMap;

use crate::words::Words;

/// Words that stand for each other.
const ALIKE: &str = "
job work career profession occupation|child kid|mother mom mum mama mommy|father dad daddy papa|grandmother grandma granny
grandfather grandpa granddad|friend buddy pal|colleague coworker workmate|boss manager supervisor|doctor physician
house home|apartment flat condo|car automobile vehicle|bike bicycle|motorbike motorcycle|movie film|tv television
picture photo photograph|song tune|concert gig|soccer football|exercise workout gym fitness|run jog|race marathon
hike trek|walk stroll|trip journey travel vacation holiday getaway|beach sea ocean coast shore seaside|mountain peak
food meal dish cuisine|dinner supper|buy purchase|shop store|cost price|salary wage income|begin start
end finish complete|stop quit|make create craft|fix repair mend|big large huge enormous|small little tiny
happy glad delighted joyful|sad unhappy upset|angry mad furious|afraid scared frightened fear terrified
worried worry anxious nervous anxiety|stress pressure overwhelmed|tired exhausted|sick ill unwell|illness disease sickness
injury hurt injured|hospital clinic|medicine medication pill|relax unwind destress calm|enjoy love like
hate dislike|favorite favourite prefer|hobby pastime|funny hilarious|beautiful pretty gorgeous lovely
smart clever intelligent|want wish hope|try attempt|help assist support|teach instruct coach tutor
teacher instructor tutor professor|learn study|student pupil|university college|class course lesson workshop
exam test|book novel|author writer|diary journal|story tale|prize award trophy medal|competition contest tournament
party celebration celebrate|wedding marriage marry|engaged engagement propose fiance|divorce separated|pregnant expecting
baby newborn infant|funeral memorial burial|religion faith church|charity fundraiser nonprofit|donate donation
talk chat conversation discuss discussion|mobile cellphone smartphone|computer laptop|clothes outfit clothing
bag backpack|garden yard|color colour|move relocate|road street|office workplace|company firm business|customer client
meeting appointment|idea suggestion|problem issue trouble difficulty|improve enhance|choose pick select decide decision
difficult hard tough challenging|easy simple|fast quick|sleep nap|couch sofa|meditation meditate mindfulness
therapy therapist counseling counselor|lawyer attorney|police cop|army military|chef cook|musician singer
developer programmer coder|code programming coding|bug defect|app application|neighbor neighbour|town city
flight plane airplane airport|boat ship|swim swimming pool|climb climbing bouldering|paint draw sketch painting drawing
sculpture statue|pottery ceramic clay|knit crochet sew|health wellness healthy|habit routine|goal aim objective ambition
success achievement accomplishment accomplish achieve|proud pride|surprise shock amaze astonish|thankful grateful appreciate
apologize apologise sorry|rent lease|accident crash collision|steal theft rob robbery|museum gallery exhibition exhibit
theater theatre|supermarket grocery|toilet bathroom|lamp light|frighten scare|scary frightening
lgbtq gay queer transgender|inspire inspiration motivate motivation|research investigate|advice recommend recommendation
recipe ingredient|grow plant|collect collection|photograph camera photography|perform performance|practice practise rehearse
rescue save|country nation|ancestor heritage|cancel postpone|arrive arrival|leave depart
quarrel argue argument|hug embrace|smell scent|taste flavor flavour|noise sound|owner own|age old|name call
passion passionate enthusiasm|encourage support|club group|attend participate join|speech presentation lecture|conference convention summit
hire employ recruit|resign quit|degree diploma certificate|internship intern|schedule calendar|expensive costly pricey
cheap affordable inexpensive|rich wealthy|win victory triumph|surgery operation|recover recovery heal|pain ache sore
allergic allergy|noisy loud noise|storm thunderstorm|festival fair carnival|protest demonstration|symbol symbolize represent mean
remember recall memory|childhood youth|teenager teen adolescent|guest visitor|tourist traveler traveller|hotel hostel resort inn motel
camp camping campsite tent|trail path|sunset dusk|sunrise dawn|nature outdoors|poem poetry poet|article blog post
newspaper magazine|online internet web|outage downtime incident|deploy deployment release rollout|error failure fault exception
latency delay|test check verify|document documentation manual guide|delete remove erase|update upgrade
configuration config setting|contract agreement deal|invoice bill payment|refund reimbursement|vendor supplier
ship shipping delivery deliver shipment|package parcel|business startup company|advertise advertisement marketing|competitor rival
fund funding invest investment investor|attack breach hack exploit|vulnerability flaw weakness|malware virus ransomware
phishing scam fraud|brave courage courageous|kind kindness compassion|shy introverted|confident confidence|lonely alone isolated
bored boring dull|excited excitement exciting thrilled|curious curiosity interested|hopeful optimistic|embarrassed ashamed
jealous envious|cry tear weep|laugh giggle|shout yell scream|hear listen|realize realise notice|explain describe
build construct construction|destroy ruin wreck|clean tidy wash|chop slice cut|hungry starving|delicious tasty yummy
bake bakery baker|candy sweet chocolate|fridge refrigerator|stove oven cooker|basement cellar|rug carpet|wallet purse
glasses spectacles|hair haircut hairstyle|birth birthday born|nickname name|location place spot|nearby near close
late delay|daily everyday|height tall|weight heavy weigh|speed fast|strength strong|heat temperature warm hot|cold freezing chilly
quiet silent silence|danger dangerous risk risky|safe safety secure security|rule law regulation|permission permit allow
forbid ban prohibit|prison jail|war battle conflict|vote election|immigrant immigration immigrate citizenship|adopt adoption foster
pray prayer faith|lucky luck fortunate|mistake error|answer reply respond response|subway metro underground|license licence
gas petrol fuel|garbage trash rubbish waste|screen monitor display|choir chorus sing|orchestra symphony|skate skating skateboard
surf surfing surfboard|coach trainer|vegetarian vegan|smoke cigarette|dance ballet|habit custom tradition|custom tradition culture
promise vow swear|borrow lend loan|debt owe|tax taxation|recycle reuse|robot robotics|science scientific scientist";

/// A word, and those of which it is said.
const KINDS: &str = "
sibling brother sister|spouse husband wife|partner husband wife boyfriend girlfriend fiance fiancee|child son daughter baby toddler
relative cousin uncle aunt niece nephew grandmother grandfather|parent mother father|pet dog cat puppy kitten hamster rabbit parrot goldfish turtle
dog puppy terrier labrador retriever poodle beagle|cat kitten|animal dog cat horse bird cow pig sheep goat|bird parrot owl eagle sparrow
vehicle car truck van bus motorcycle motorbike bicycle|instrument guitar piano violin drum flute clarinet cello saxophone trumpet ukulele
music song album concert band|sport football soccer basketball tennis baseball hockey volleyball golf cricket rugby swimming
art painting drawing sculpture pottery sketch|meal breakfast lunch dinner brunch|drink coffee tea wine beer juice cocktail
dessert cake pie cookie brownie pudding|fruit apple banana orange strawberry mango peach berry|vegetable carrot tomato potato onion
clothes shirt dress jacket coat jeans skirt sweater|shoe sneaker boot sandal|jewelry necklace ring bracelet earring pendant
flower tulip sunflower lily daisy orchid|tree oak pine maple|weather rain snow storm sunny|furniture chair table sofa bed desk shelf
color red blue green yellow purple orange pink black white brown grey|season spring summer autumn winter|weekend saturday sunday
game chess videogame puzzle|hobby painting reading gardening hiking cooking knitting photography pottery fishing
country france italy spain germany england scotland ireland sweden norway denmark finland portugal greece turkey russia japan china india
country korea thailand vietnam australia canada mexico brazil argentina chile peru egypt morocco kenya america
city london paris berlin rome madrid barcelona lisbon vienna prague tokyo boston chicago seattle toronto sydney amsterdam
language english french spanish german italian portuguese japanese chinese korean russian|disaster flood fire hurricane earthquake storm
school university college kindergarten|subject math mathematics physics chemistry biology history|exercise yoga running swimming cycling
insect bee ant butterfly beetle|reptile snake lizard turtle|tool hammer drill wrench|dance ballet salsa tango
profession teacher nurse doctor engineer lawyer chef carpenter plumber accountant|job teacher nurse doctor engineer lawyer chef carpenter plumber accountant
metal gold silver copper iron|symptom fever cough headache nausea|emotion happy sad angry afraid proud
holiday christmas thanksgiving easter halloween hanukkah diwali|database postgres postgresql mysql sqlite redis mongodb
bread loaf sourdough baguette|pasta spaghetti lasagna noodle|meat beef chicken pork lamb steak|fish salmon tuna trout cod
seafood shrimp lobster crab|music jazz rock pop blues classical reggae|movie comedy drama thriller horror documentary
book memoir biography fantasy mystery|console playstation xbox nintendo|martial karate judo taekwondo|alcohol beer wine whiskey vodka cocktail
event festival concert conference parade workshop party wedding|device phone laptop tablet camera|media instagram facebook twitter tiktok youtube";

/// Roots of near meaning of each root: such as stand for it, and kinds of it.
static AKIN: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
    let words = Words::default();
    let lines = |table: &'static str| {
        table.split(['|', '\n']).map(move |line| {
            line.split_whitespace().map(|word| words.root(word).into_owned()).collect::<Vec<_>>()
        })
    };
    let mut akin: HashMap<String, Vec<String>> = HashMap::new();
    let mut add = |from: &String, to: &String| {
        let known = akin.entry(from.clone()).or_default();
        if from != to && !known.contains(to) {
            known.push(to.clone());
        }
    };
    for line in lines(ALIKE) {
        for from in &line {
            line.iter().for_each(|to| add(from, to));
        }
    }
    for line in lines(KINDS) {
        let kinds = line.get(1..).unwrap_or_default();
        kinds.iter().for_each(|kind| add(&line[0], kind));
    }
    akin
});

/// Roots of near meaning of a root.
pub(crate) fn akin(root: &str) -> &'static [String] {
    AKIN.get(root).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::{AKIN, ALIKE, KINDS, akin};

    #[test]
    fn words_stand_for_each_other_and_a_general_one_for_its_kinds() {
        let has = |from: &str, to: &str| akin(from).iter().any(|root| root == to);
        assert!(has("job", "work") && has("work", "job"));
        assert!(has("pet", "dog") && !has("dog", "pet"));
        assert!(akin("lisbon").is_empty());
        assert!(AKIN.iter().all(|(root, akin)| !akin.contains(root)));
    }

    /// Another base would bring in what the table does not mean: `rose` is also of `rise`.
    #[test]
    fn words_of_the_table_are_bases_but_for_those_that_mean_the_same() {
        let same = ["song", "marriage", "flight", "birth"];
        for word in [ALIKE, KINDS].iter().flat_map(|table| table.split(['|', '\n', ' '])) {
            let base = crate::irregular::base(word);
            assert!(base == word || same.contains(&word), "{word} is {base}");
        }
    }
}
