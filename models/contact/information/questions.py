"""Questions and answers: by topic, found by the words of a question, offered while somebody types an appeal.

Words count by their stems and by how rare they are among the published questions. At most a few hundred questions are weighed in the
process itself, so both databases answer alike.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from models.company_information import TOPICS, Question
from models.contact.information import published
from models.stems import stems

IN_QUESTION = 3.0  # a word in the question itself counts so much more than one in its answer
SAME_TOPIC = 1.5
ASKED = 2.0  # a word of what is asked counts so much more than one of what is told around it
LEAST = 2.2  # a hint that weighs less tells more about the writer's idle words than about the answer
LEAST_FOUND = 0.5
NEAR = 0.35  # a hint is at least so near as the nearest one
LONGEST = 4000  # characters of a text that are looked at
MOST_WORDS = 120  # of a text; an appeal's first sentences say what it is about
_QUESTION = re.compile(r"[^.!?…\n]+\?")
_IDLE = frozenset(
    "и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от меня еще нет о из ему "
    "теперь когда даже ну ли если уже или ни быть был него до вас опять уж вам ведь там потом себя ей может они тут где есть надо ней "
    "для мы тебя их чем была сам чтоб без будто чего раз тоже себе под будет ж тогда кто этот того потому этого какой совсем ним "
    "здесь этом один почти мой тем чтобы нее были куда зачем всех можно при об хоть после над больше тот через эти нас про всего "
    "них какая много разве эту моя свою этой перед иногда лучше чуть том такой им более всегда это мною здравствуйте добрый день "
    "пожалуйста прошу хочу нужно почему мои мое моей моего моем делать".split()
)
_IDLE_STEMS = frozenset(stems(" ".join(_IDLE)))


def hints(text: str, topic: str = "", most: int = 3) -> list[Question]:
    """«Возможно, ответ здесь»: the questions nearest to what is being written, the nearest first; none for idle words."""
    found = _found(text, topic, LEAST)
    return [one for one, mark in found[:most] if mark >= NEAR * found[0][1]]


def find(text: str, most: int = 20) -> list[Question]:
    """Questions in which any of the words occur, the nearest first."""
    return [one for one, _ in _found(text, "", LEAST_FOUND)[:most]]


def by_topic() -> list[tuple[str, str, list[Question]]]:
    """Code, title and questions of each topic that has any, in the order of the topics."""
    asked = published.questions()
    groups = ((code, title, [one for one in asked if one.topic == code]) for code, title in TOPICS.items())
    return [group for group in groups if group[2]]


def _found(text: str, topic: str, least: float) -> list[tuple[Question, float]]:
    asked = _weights(text)
    if not asked:
        return []
    weighed = _weighed(tuple(published.questions()))
    marked = ((weighed.mark(place, asked, topic), place) for place in range(len(weighed.questions)))
    best = sorted(((mark, place) for mark, place in marked if mark >= least), key=lambda one: (-one[0], one[1]))
    return [(weighed.questions[place], mark) for mark, place in best]


class _Weighed:
    """The questions with the weights of their words."""

    def __init__(self, questions: Sequence[Question]):
        self.questions = questions
        self.asked = [frozenset(_words(one.question)) for one in questions]
        self.told = [frozenset(_words(one.answer)) for one in questions]
        seen = Counter(stem for asked, told in zip(self.asked, self.told, strict=True) for stem in asked | told)
        self.rarity = {stem: math.log(1 + len(questions) / count) for stem, count in seen.items()}

    def mark(self, place: int, words: Mapping[str, float], topic: str) -> float:
        """How near the question is: the rarity of each shared word with its weight, by the length of the question."""
        asked, told = self.asked[place], self.told[place]
        shared = sum(
            weight * self.rarity[one] * (IN_QUESTION if one in asked else 1.0)
            for one, weight in words.items()
            if one in asked or one in told
        )
        mark = shared / math.sqrt(3 + len(asked))
        return mark * SAME_TOPIC if topic and self.questions[place].topic == topic else mark


@lru_cache(4)
def _weighed(questions: tuple[Question, ...]) -> _Weighed:
    return _Weighed(questions)


def _weights(text: str) -> dict[str, float]:
    """The telling words of a text: «Почему так много? Я всё передала» asks about the first of them."""
    all_of_it = _words(text)
    asked = set(_words(" ".join(_QUESTION.findall(text[:LONGEST]))))
    is_mixed = 0 < len(asked) < len(all_of_it)
    return {one: ASKED if is_mixed and one in asked else 1.0 for one in all_of_it}


def _words(text: str) -> list[str]:
    """The stems that tell something, each once, in their order."""
    found = dict.fromkeys(stem for stem in stems(text[:LONGEST]) if len(stem) > 1 and stem not in _IDLE_STEMS)
    return list(found)[:MOST_WORDS]
