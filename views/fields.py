"""The form all rooms build on, and fields several of them share."""

from __future__ import annotations

import unicodedata
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from flask_wtf.form import _Auto
from wtforms import BooleanField, PasswordField, StringField, TextAreaField
from wtforms import HiddenField as PlainHidden
from wtforms.validators import ValidationError

from models.base import Refusal
from views import kept

__all__ = ["Code", "Form", "HiddenField", "Line", "Password", "Shown", "Text", "Tick"]


class Form(FlaskForm):
    """A form that remembers what was typed before the session ended, and takes a domain's refusal into its errors."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            if formdata is _Auto and request.method == "GET":
                return kept.values()
            return super().wrap_formdata(form, formdata)

    def refuse(self, refusal: Refusal) -> None:
        """Put each problem beside its field, unless that has one already, or above the form when it has no field."""
        for name, text, _rule in refusal.problems:
            field = self._fields.get(name)
            if field is None:
                self.form_errors.append(text)
            elif not field.errors:
                field.errors = [text]


class Shown(StringField):
    """A text that comes back to the page as it was typed, but for what HTML cannot hold."""

    def _value(self) -> str:
        return "".join(
            character for character in self.data or "" if unicodedata.category(character) not in ("Cc", "Cs")
        )


class Text(Shown, TextAreaField):
    """Several lines, shown again as they were typed but for what nobody sees; what may be kept of them is the model's to say."""

    def _value(self) -> str:
        lines = (self.data or "").splitlines()
        return "\n".join("".join(one for one in line if one.isprintable() or one == "\t") for line in lines)


class HiddenField(PlainHidden):
    """What our own page put into the form: nobody typed it, so what cannot be printed is dropped without a word."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        printable = ["".join(one for one in value if one.isprintable()) for value in valuelist]
        super().process_formdata(printable)


class Line(Shown):
    """One line of text: up to `most` characters, no control characters, no marks that turn the writing direction."""

    def __init__(self, label: str, *, most: int = 200, required: str = "", **options: Any):
        super().__init__(label, **options)
        self.most, self.required = most, required

    def pre_validate(self, form: Any) -> None:
        text = self.data or ""
        if self.required and not text.strip():
            raise ValidationError(self.required)
        if len(text) > self.most:
            raise ValidationError(f"Слишком длинно: можно до {self.most} знаков.")
        if any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in text):
            raise ValidationError("Есть невидимые знаки. Наберите текст заново, не вставляя его.")


class Password(PasswordField):
    """A password; never sent back to the page."""

    def __init__(self, label: str, *, required: str = "Введите пароль.", **options: Any):
        super().__init__(label, **options)
        self.required = required

    def pre_validate(self, form: Any) -> None:
        if not self.data:
            raise ValidationError(self.required)
        if len(self.data) > 1000:
            raise ValidationError("Пароль длиннее 128 знаков.")


class Code(Line):
    """The six digits of a letter or an SMS."""

    def __init__(self, label: str = "Код из письма", **options: Any):
        super().__init__(label, most=20, required="Введите шесть цифр из письма.", **options)

    @property
    def digits(self) -> str:
        return "".join(character for character in self.data or "" if character in "0123456789")


class Tick(BooleanField):
    """A box that is never ticked beforehand."""
