"""Made-up personal data as people say it; the names, streets and numbers of the two sets differ."""

# Lists of many names are easier to read as text.
# ruff: noqa: SIM905

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
        "nineteen"]
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
            "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
            "seventeenth", "eighteenth", "nineteenth", "twentieth", "twenty first",
            "twenty second", "twenty third", "twenty fourth", "twenty fifth", "twenty sixth",
            "twenty seventh", "twenty eighth"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December"]
POLICE = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", """Adam Boy Charles David Edward Frank George Henry
    Ida John King Lincoln Mary Nora Ocean Paul Queen Robert Sam Tom Union Victor William X-ray
    Young Zebra""".split(), strict=True))
NATO = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", """Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel
    India Juliet Kilo Lima Mike November Oscar Papa Quebec Romeo Sierra Tango Uniform Victor
    Whiskey X-ray Yankee Zulu""".split(), strict=True))
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"

WORDS = {
    "dev": {
        "first": """Angela Marcus Kevin Tiffany Luis Denise Brandon Keisha Walter Monica Tyler
            Rosa Derek Priya Samantha Omar Crystal Jerome Heather Miguel""".split(),
        "last": """Porter Hernandez Sullivan Washington Kowalski Bennett Nguyen Fletcher Ramirez
            Hoffman Jenkins Ortiz Whitaker Patel Gallagher Simmons Delgado Baxter Coleman
            McBride""".split(),
        "street": """Maple Washington Cedar Lincoln Jefferson Oakwood Hillcrest Sycamore Franklin
            Riverside""".split(),
        "school": ["Lincoln Elementary", "Roosevelt Middle School", "Central High School",
                   "Saint Mary's Academy"],
        "work": ["the Walgreens on Fifth", "Amazon", "Kroger", "the Ford plant",
                 "Mercy Hospital", "Joe's Garage"],
        "mail": ["gmail dot com", "yahoo dot com", "hotmail dot com"],
        "areas": ["two oh six", "four one five", "six one four"],
    },
    "test": {
        "first": """Jessica Raymond Vanessa Trevor Natalie Darnell Bethany Carlos Yolanda Gregory
            Melissa Andre Kimberly Hector Latoya Stephen Fatima Wesley Gloria Dustin Ingrid Malik
            Joanna Rafael""".split(),
        "last": """Thompson Castillo Brennan Jackson Petrov Lawson Tran Goldberg Mendoza Schultz
            Harrington Vasquez Caldwell Singh Donovan Pearson Fuentes Abbott Marshall Dawson
            O'Connor Kim Zimmerman Reyes""".split(),
        "street": """Elm Madison Birch Jackson Highland Magnolia Prospect Willow Monroe Lakeview
            Chestnut Harrison""".split(),
        "school": ["Jefferson Elementary", "Northside High School", "Monroe Middle School",
                   "Riverside Community College", "Trinity Prep"],
        "work": ["the Target on Main", "Home Depot", "the post office downtown",
                 "Saint Luke's Hospital", "Walmart", "Sunrise Bakery", "the county jail"],
        "mail": ["outlook dot com", "gmail dot com", "icloud dot com", "comcast dot net"],
        "areas": ["three one two", "eight oh five", "seven one three", "nine seven one"],
    },
}
TYPES = ["Street", "Avenue", "Road", "Drive", "Lane", "Court", "Boulevard"]


def pair(two):
    """00..99 as a person says it in a pair of digits."""
    if two < 10:
        return f"oh {ONES[two]}" if two else "zero zero"
    if two < 20:
        return ONES[two]
    return TENS[two // 10] + (f" {ONES[two % 10]}" if two % 10 else "")


class Values:
    """Fills the slots of the scripts."""

    def __init__(self, words, random):
        self.words, self.random = WORDS[words], random

    def make(self, slot):
        return getattr(self, slot)()

    def choose(self, kind):
        return self.random.choice(self.words[kind])

    def digits(self, count, oh=0.5):
        zero = "oh" if self.random.random() < oh else "zero"
        found = [self.random.randrange(10) for _ in range(count)]
        return " ".join(zero if digit == 0 else ONES[digit] for digit in found)

    def first(self):
        return self.choose("first")

    def last(self):
        return self.choose("last")

    def full(self):
        return f"{self.first()} {self.last()}"

    def spelled(self):
        name = self.last()
        while "'" in name:
            name = self.last()
        return f"{name}, {' '.join(name.upper())}"

    def phone(self):
        form = self.random.randrange(4)
        three = self.digits(3)
        if form == 0:
            return f"{three}, {self.digits(4)}"
        if form == 1:
            return f"{self.choose('areas')}, {three}, {self.digits(4)}"
        ends = [self.random.randrange(10, 100) for _ in range(2)]
        if form == 2:
            return f"{self.choose('areas')}, {three}, {pair(ends[0])} {pair(ends[1])}"
        return f"{self.choose('areas')}, {three}, double {ONES[ends[0] % 9 + 1]}, {self.digits(2)}"

    def address(self):
        number = self.random.choice([
            self.digits(3, 0), self.digits(4, 0).replace("zero", "four", 1),
            f"{pair(self.random.randrange(11, 99))} {pair(self.random.randrange(11, 99))}",
            f"{ONES[self.random.randrange(1, 10)]} hundred"])
        side = self.random.choice(["", "", "North ", "West ", "South ", "East "])
        kind = self.random.choice(TYPES)
        text = f"{number} {side}{self.choose('street')} {kind}"
        rest = self.random.randrange(4)
        if rest == 0:
            letter = self.random.choice("ABCD")
            return f"{text}, apartment {ONES[self.random.randrange(1, 10)]} {letter}"
        return f"{text}, unit {ONES[self.random.randrange(2, 20)]}" if rest == 1 else text

    def email(self):
        first, last = self.first().lower(), self.last().lower().replace("'", "")
        name = self.random.choice([
            f"{first} dot {last}", f"{first} {self.digits(2, 0)}",
            f"{first[0]} {last}", f"{first} underscore {last}"])
        return f"{name} at {self.choose('mail')}"

    def year(self):
        return f"nineteen {pair(self.random.randrange(60, 100))}"

    def dob(self):
        month, day = self.random.randrange(12), self.random.randrange(28)
        form = self.random.randrange(4)
        if form == 0:
            return f"{MONTHS[month]} {ORDINALS[day]}, {self.year()}"
        if form == 1:
            return f"the {ORDINALS[day]} of {MONTHS[month]}, {self.year()}"
        short = f"{pair(self.random.randrange(60, 100))}"
        if form == 2:
            return f"{pair(month + 1)}, {pair(day + 1)}, {self.year()}"
        return f"{ONES[month + 1]}, {pair(day + 1)}, {short}"

    def ssn(self):
        if self.random.randrange(2):
            return f"{self.digits(3)}, {self.digits(2)}, {self.digits(4)}"
        ends = [self.random.randrange(10, 100) for _ in range(3)]
        return f"{self.digits(3)}, {pair(ends[0])}, {pair(ends[1])} {pair(ends[2])}"

    def last4(self):
        return self.digits(4)

    def letters(self, count):
        found = [self.random.choice(LETTERS) for _ in range(count)]
        table = self.random.choice([POLICE, NATO, None])
        return " ".join(table[letter] if table else letter for letter in found)

    def license(self):
        return f"{self.letters(1)} {self.digits(3)}, {self.digits(4)}"

    def plate(self):
        if self.random.randrange(2):
            return f"{ONES[self.random.randrange(1, 10)]}, {self.letters(3)}, {self.digits(3)}"
        return f"{self.letters(3)}, {self.digits(4)}"

    def card(self):
        return ", ".join(self.digits(4) for _ in range(4))

    def account(self):
        return f"{self.digits(3)}, {self.digits(3)}, {self.digits(4)}"

    def work(self):
        return self.choose("work")

    def school(self):
        return self.choose("school")
