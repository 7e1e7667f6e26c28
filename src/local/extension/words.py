"""The words by which `language` tells what a text is about: data, in lower case."""


def words(text):
    return frozenset(text.split())


# Words that most texts of a language have, and few texts of the others.
COMMON = {
    "en": words(
        "the of and to in is that it was for you with on are this be at have from or had by but not what all were we "
        "when your can said there use an each which she do how their if will up other about out many then them these "
        "so some her would make like him into time has look two more write go see my than been who its now did get i "
        "he his they as me our just very after am because where could should does"),
    "es": words(
        "el los las una que y en por con para como está pero más su sus al lo esta este son muy también hay fue ser "
        "todo nos ya cuando porque sin sobre entre ella ellos yo mi tu hoy aquí del es me se"),
    "fr": words(
        "le les une des et est dans que qui pour pas sur avec ce cette il elle nous vous ils au aux du mais plus "
        "sont était être je tu mon ton très aussi ou où c'est j'ai comme tout fait bien leur ses me se"),
    "de": words(
        "der die das und ist nicht ein eine einen einem mit auf für von den dem des zu im ich du er sie wir ihr auch "
        "sich war wie aber oder wenn nach noch bei aus sehr hat haben wird kann mein dein es sind"),
    "it": words(
        "il gli di che è e un una per con non sono del della dei delle nel nella ma anche come più questo questa lo "
        "molto io tu lui lei noi voi loro ho ha hanno essere stato sul sulla perché al alla"),
    "pt": words(
        "o os as um uma e de do da dos das em no na nos nas que não com para por mais como mas foi ao ele ela eu "
        "você são é está muito também seu sua isso este esta pelo pela ser tem quando já me se"),
}

POSITIVE = words(
    "love loves loved lovely great good excellent amazing awesome wonderful fantastic beautiful happy best better "
    "nice perfect brilliant enjoy enjoyed enjoyable like liked likes thank thanks glad delighted recommend "
    "impressive superb pleasant helpful fun favorite favourite win success successful fast friendly easy bueno buena "
    "excelente feliz encanta mejor genial gracias hermoso bon bonne génial magnifique heureux aime adore belle beau "
    "merci meilleur formidable gut gute toll wunderbar schön liebe glücklich danke beste großartig hervorragend "
    "bello bella buono ottimo felice amo grazie migliore fantastico bom boa ótimo excelente feliz adoro obrigado "
    "melhor maravilhoso")
NEGATIVE = words(
    "hate hates hated bad worse worst awful terrible horrible poor sad angry boring broken bug bugs fail fails "
    "failed failure wrong ugly disappointing disappointed disappoint useless annoying slow problem problems error "
    "pain waste dislike disgusting unhappy expensive late lost malo mala peor terrible triste odio feo mauvais "
    "mauvaise pire triste déteste horrible nul schlecht schlechte schlimm traurig hasse furchtbar hässlich "
    "langweilig cattivo cattiva peggio brutto odio mau ruim pior péssimo")
NEGATIONS = words(
    "not no never don't doesn't didn't isn't wasn't won't can't cannot nothing hardly sin nunca pas jamais nicht "
    "kein keine nie non mai não")

# What can stand before a noun and its adjectives, and what ends such a run: pronouns, prepositions, common verbs.
DETERMINERS = words(
    "the a an this these those my your his her its our their some any each every el la los las un una le les une des "
    "der die das ein eine il lo gli o os as um uma")
VERBS = words(
    "love loves loved hate hates hated like likes liked made make makes go goes went gone get got have has had be "
    "been is are was were am see saw seen say says said write wrote written works worked work take took taken give "
    "gave given think thought know knew want wanted need needed use used call called come came run runs ran live "
    "lives lived born bought buy sold sell sent send met meet mail mails visit visited enjoy enjoyed please thank do "
    "does did will would can could should may might must let read reads tells tell told found find finds left leave "
    "leaves paid pay pays")

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
UNITS = ("percent|km|kg|cm|mm|m|g|l|miles?|hours?|minutes?|seconds?|days?|weeks?|months?|years?|people|times|dollars?|"
         "euros?|pounds?|items?|pages?|words?|GB|MB|KB|TB")

PLACES = words(
    "london paris berlin madrid rome lisbon vienna dublin amsterdam brussels zurich geneva munich hamburg moscow "
    "athens oslo stockholm copenhagen helsinki warsaw prague budapest istanbul cairo nairobi lagos tokyo osaka kyoto "
    "seoul beijing shanghai delhi mumbai bangalore singapore sydney melbourne auckland toronto vancouver montreal "
    "seattle boston chicago houston dallas miami denver california texas florida virginia oregon ohio washington "
    "england scotland wales ireland france germany spain portugal italy austria switzerland belgium netherlands "
    "sweden norway denmark finland poland russia turkey greece india china japan korea australia canada mexico "
    "brazil argentina chile egypt kenya nigeria america europe africa asia")
LONG_PLACES = words(
    "new-york los-angeles san-francisco new-zealand south-africa united-states united-kingdom hong-kong las-vegas "
    "new-delhi south-korea sao-paulo buenos-aires")
ORGANIZATIONS = words(
    "amazon google microsoft apple facebook meta netflix twitter ibm intel oracle nvidia samsung sony toyota nasa "
    "unesco youtube github wikipedia aws bbc cnn")
# The last word of an organization's name, and of an address.
COMPANY = words(
    "inc inc. ltd ltd. llc gmbh ag corp corp. corporation company university institute bank college foundation "
    "museum association committee ministry")
STREET = "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Square|Way"
FIRST_NAMES = words(
    "ada alan albert alice ana andrew anna anne anthony barbara ben bob brian carlos carol charles charlotte chris "
    "clara daniel david edward elena elizabeth emily emma eva frank george grace hannah helen henry ivan jack jacob "
    "jane jean jeff jennifer joe john jose joseph karen kevin laura lisa lucas luis maria mark martin mary michael "
    "nancy nina oliver olivia patricia paul peter richard robert ruth sam samuel sarah sofia sophie stephen steve "
    "susan thomas tim tom victor william")
HONORIFICS = words("mr mr. mrs mrs. ms ms. dr dr. prof prof. professor sir lady president")
