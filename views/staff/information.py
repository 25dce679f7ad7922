"""What anyone may read, edited at the office: drafts, their preview, publishing, versions and what differs between them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, request, url_for

from models.base import Refusal
from models.contact.information import changes, drafting, published, publishing
from models.contact.information.changes import Changes
from models.contact.information.drafting import Overtaken
from models.contact.information.sections import SECTIONS, Section
from models.files import STAFF
from models.office.audit_log import names_of
from views import about_pages, uploads
from views.information_form import ItemForm, form_of, shown
from views.page import see
from views.row_id import row_id
from views.staff_door import staff_only
from views.staff_page import page, refused

room = Blueprint("staff_information", __name__)
uploads.allow(
    room, "staff_information.add", "staff_information.save", may=uploads.staff_may("information.edit"),
    largest=STAFF.one + uploads.WORDS,
)  # fmt: skip
_ITEM = "staff/information/item.html"
_PAGE = 20
_SOON = "в течение полуминуты"  # published.FRESH


@room.get("/staff/information", endpoint="index")
@staff_only("information.see")
def index() -> Any:
    last, drafts = publishing.last_of_all(), publishing.drafts()
    names = names_of([one.made_by for one in last.values()] + [one.updated_by for one in drafts.values()])
    rows = [(section, last.get(section.code), drafts.get(section.code)) for section in SECTIONS.values()]
    return page("staff/information/index.html", rows=rows, names=names)


@room.get("/staff/information/<string:section>", endpoint="show")
@staff_only("information.see")
def show(section: str) -> Any:
    part = _section(section)
    draft = drafting.of(part.code)
    items = draft.items if draft else published.present(part.code)
    made = changes.between(draft.base, draft.items) if draft else None
    return page(
        "staff/information/show.html",
        part=part,
        groups=part.groups(items),
        count=len(items),
        draft=draft,
        made=made,
        seen=drafting.revision(part.code),
        touched={one.slug for one in (*made.added, *made.changed)} if made else set(),
        is_outdated=bool(draft and publishing.is_outdated(draft)),
        names=names_of([draft.updated_by]) if draft else {},
    )


@room.get("/staff/information/<string:section>/preview", endpoint="preview")
@staff_only("information.see")
def preview(section: str) -> Any:
    """The very page that customers will see, made of the draft."""
    part = _section(section)
    return about_pages.PAGES[part.code](drafting.items(part.code), preview=part)


# ---- one item


@room.get("/staff/information/<string:section>/add", endpoint="new")
@staff_only("information.edit")
def new(section: str) -> Any:
    part = _growing(section)
    form = form_of(part, None, drafting.revision(part.code))
    return page(_ITEM, form=form, part=part, one=None)


@room.post("/staff/information/<string:section>/add", endpoint="add")
@staff_only("information.edit")
def add(section: str) -> Any:
    return _saved(_growing(section), "")


@room.get("/staff/information/<string:section>/items/<string:slug>", endpoint="item")
@staff_only("information.edit")
def item(section: str, slug: str) -> Any:
    part = _section(section)
    one = drafting.one_of(part.code, slug) or abort(404)
    return page(_ITEM, form=form_of(part, one, drafting.revision(part.code)), part=part, one=one)


@room.post("/staff/information/<string:section>/items/<string:slug>", endpoint="save")
@staff_only("information.edit")
def save(section: str, slug: str) -> Any:
    return _saved(_section(section), slug)


@room.post("/staff/information/<string:section>/items/<string:slug>/move", endpoint="move")
@staff_only("information.edit")
def move(section: str, slug: str) -> Any:
    part, by = _section(section), {"up": -1, "down": 1, "first": -1000}.get(request.form.get("to", ""), 0)
    return _done(part, lambda: drafting.move(part, slug, by, seen=_seen()), "")


@room.post("/staff/information/<string:section>/items/<string:slug>/remove", endpoint="remove")
@staff_only("information.edit")
def remove(section: str, slug: str) -> Any:
    part = _section(section)
    return _done(part, lambda: drafting.remove(part, slug, seen=_seen()), "Удалено из черновика.")


def _saved(part: Section, slug: str) -> Any:
    one = drafting.one_of(part.code, slug) if slug else None
    if slug and one is None:
        abort(404)
    form = form_of(part, one, 0)
    try:
        if form.validate():
            _save(part, slug, form)
            flash("Сохранено в черновике. Клиенты увидят это, когда черновик опубликуют.", "good")
            return see("staff_information.show", section=part.code)
    except Overtaken as refusal:
        form.refuse(refusal)
        form.seen.data = str(drafting.revision(part.code))
        return refused(_ITEM, form, part=part, one=one, theirs=_told(part, one) if one else [], by=_by(refusal))
    except Refusal as refusal:
        form.refuse(refusal)
    return refused(_ITEM, form, part=part, one=one)


def _save(part: Section, slug: str, form: ItemForm) -> None:
    sent = form["file"].data if "file" in form else None
    drafts = uploads.put_all([sent], allowed=STAFF) if getattr(sent, "filename", "") else []
    if drafts and drafts[0].kind != "pdf":
        raise Refusal("file", "Нужен PDF: этот файл — другого вида.", "information.file")
    without = "without_file" in form and bool(form["without_file"].data)
    file = drafts[0] if drafts else None
    drafting.save(part, slug, form.typed(part), seen=form.number_seen(), file=file, without_file=without)


def _told(part: Section, one: Any) -> list[tuple[str, str]]:
    """The item as it stands in the draft now: for whoever was overtaken."""
    return [(field.title, shown(field, one)) for field in part.fields if field.name != "slug"]


def _by(refusal: Overtaken) -> str:
    if refusal.draft is None:
        return ""
    who = refusal.draft.updated_by
    return names_of([who]).get(who, who)


# ---- the draft as a whole


@room.post("/staff/information/<string:section>/publish", endpoint="publish")
@staff_only("information.publish")
def publish(section: str) -> Any:
    part = _section(section)
    return _done(part, lambda: publishing.publish(part, seen=_seen()), f"Опубликовано: {_SOON} это увидят клиенты.")


@room.post("/staff/information/<string:section>/carry", endpoint="carry")
@staff_only("information.edit")
def carry(section: str) -> Any:
    part = _section(section)
    return _done(part, lambda: publishing.carry(part, seen=_seen()), "Правки перенесены. Посмотрите, что получилось.")


@room.post("/staff/information/<string:section>/drop", endpoint="drop")
@staff_only("information.edit")
def drop(section: str) -> Any:
    part = _section(section)
    return _done(part, lambda: drafting.drop(part, seen=_seen()), "Черновик отброшен.")


# ---- versions


@room.get("/staff/information/<string:section>/versions", endpoint="versions")
@staff_only("information.see")
def versions(section: str) -> Any:
    part = _section(section)
    found = list(publishing.history(part, request.args.get("before", type=row_id), _PAGE + 1))
    newest = published.newest(part.code)
    return page(
        "staff/information/versions.html",
        part=part,
        rows=found[:_PAGE],
        newest=newest,
        names=names_of(one.made_by for one in found),
        older=url_for("staff_information.versions", section=part.code, before=found[_PAGE - 1].number)
        if len(found) > _PAGE
        else None,
    )


@room.get("/staff/information/<string:section>/versions/<int:version>", endpoint="compare")
@staff_only("information.see")
def compare(section: str, version: int) -> Any:
    """What a version changed, or (with=…) how it differs from another."""
    part = _section(section)
    newest = published.newest(part.code)
    other = request.args.get("with", type=int)
    first = max(version - 1, 0) if other is None or not 0 <= other <= newest else other
    try:
        made = publishing.compare(part, first, version)
    except Refusal:
        abort(404)
    rows = _rows(part, made)
    return page(
        "staff/information/compare.html", part=part, version=version, first=first, newest=newest, rows=rows, made=made
    )


@room.post("/staff/information/<string:section>/restore", endpoint="restore")
@staff_only("information.publish")
def restore(section: str) -> Any:
    part, number = _section(section), request.form.get("version", "")
    if not number.isdecimal() or len(number) > 9:
        abort(400)
    return _done(
        part, lambda: publishing.restore(part, int(number)), f"Возвращена версия {number}: {_SOON} её увидят клиенты."
    )


def _rows(part: Section, made: Changes) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """What was done, to what, and each field before and after."""
    rows = []
    for done, found in (("добавлено", made.added), ("изменено", made.changed), ("удалено", made.removed)):
        for one in found:
            item_ = one.after or one.before or {}
            names = [*one.fields, *(["file"] if "file_title" in one.fields else [])] or list(item_)
            fields = [field for field in part.fields if field.name in names]
            cells = [(field.title, _cell(field, one.before), _cell(field, one.after)) for field in fields]
            rows.append((done, part.name_of(item_), cells))
    return rows


def _cell(field: Any, one: Any) -> str:
    return "" if one is None else shown(field, one)


def _done(part: Section, deed: Any, said: str) -> Any:
    """Do it, say so or say why not, and show the section."""
    try:
        deed()
        if said:
            flash(said, "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("staff_information.show", section=part.code)


def _section(code: str) -> Section:
    return SECTIONS.get(code) or abort(404)


def _growing(code: str) -> Section:
    part = _section(code)
    return part if part.grows else abort(404)


def _seen() -> int:
    text = request.form.get("seen", "")
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 16 else 0
