"""The bill (счёт, платёжный документ) on A4: what ПП 354 п. 69 wants of it, and a code to pay and one to pass readings by."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence

from models import periods, words
from models.billing.shown import RECALCULATION, Bill
from models.company import Company
from models.words import NBSP, rubles
from tasks.papers import bill_tables, chart
from tasks.papers.flow import HEADING, Flow
from tasks.papers.sheet import AMBER, MM, PALE, RIGHT, SOFT, Sheet, Style

LEFT_EDGE, RIGHT_EDGE = 14 * MM, 196 * MM
_WIDTH = RIGHT_EDGE - LEFT_EDGE
_TOP, _BOTTOM = 10 * MM, 285 * MM
_HALF = 104 * MM  # where the right half of the head begins
_PAYMENT_CODE, _READING_CODE = 45 * MM, 25 * MM
_CHART, _LOWEST_CHART, _LEGEND = 40 * MM, 28 * MM, 5 * MM  # heights; a chart is made lower to stay on the page

_NAME = Style(15, bold=True)
_SMALL, _SMALL_STRONG = Style(7.5), Style(7.5, bold=True)
_SMALLER = Style(6.7)  # for a line that wants it to stay whole
_CAPTION = Style(7.5, grey=SOFT)
_PLAIN, _STRONG = Style(9), Style(9, bold=True)
_NUMBER = Style(17, bold=True)
_TOTAL = Style(25, bold=True)
_FOOT = Style(7, grey=SOFT)

DWELLINGS = {"urban": "городское жильё", "stove": "городское жильё с электроплитой", "rural": "сельское жильё"}
_HOW_TO_PAY = "Наведите на код камеру в приложении банка: получатель и сумма заполнятся сами."


def draw(bill: Bill, company: Company) -> bytes:
    """The bill as a PDF file of its own."""
    file = io.BytesIO()
    sheet = Sheet(file, title=_title(bill), author=company.legal_name)
    add(sheet, bill, company)
    sheet.save()
    return file.getvalue()


def add(sheet: Sheet, bill: Bill, company: Company) -> int:
    """Draw the bill on pages of its own at the end of a document; how many pages."""
    return _Drawing(sheet, bill, company).draw()


def _title(bill: Bill) -> str:
    return f"Счёт № {bill.number} за {words.month(bill.period)}".replace(NBSP, " ")


class _Drawing:
    """One bill on a sheet."""

    def __init__(self, sheet: Sheet, bill: Bill, company: Company):
        self.sheet, self.bill, self.company = sheet, bill, company
        self.flow = self._flow(is_dense=False)

    def draw(self) -> int:
        """Draw it with usual tables, or with dense ones where that takes more than a page; how many pages."""
        self._body()
        if self.sheet.gathered > 1:
            self.sheet.forget()
            self.flow = self._flow(is_dense=True)
            self._body()
        return self.sheet.flush(self._footer)

    def _flow(self, is_dense: bool) -> Flow:
        return Flow(self.sheet, LEFT_EDGE, _TOP, _BOTTOM, self._begin_page, is_dense)

    def _body(self) -> None:
        self._head()
        self.flow.y = max(self._payer(self.flow.y), self._supplier(self.flow.y))
        self._summary()
        for table in (
            bill_tables.charges,
            bill_tables.corrections,
            bill_tables.penalties,
            bill_tables.balances,
            bill_tables.dials,
        ):
            table(self.flow, self.bill)
        self._last_block()

    # ---- head

    def _head(self) -> None:
        sheet, bill = self.sheet, self.bill
        y = _TOP + 5 * MM
        sheet.text(LEFT_EDGE, y, self.company.name, _NAME, within=_HALF - LEFT_EDGE - 4 * MM)
        sheet.text(RIGHT_EDGE, y, f"Счёт за {words.month(bill.period)}", _NAME, RIGHT)
        y += 4.6 * MM
        sheet.text(LEFT_EDGE, y, self.company.site.removeprefix("https://"), _CAPTION)
        sheet.text(RIGHT_EDGE, y, f"№{NBSP}{bill.number} от {words.day(bill.issued_on)}", _CAPTION, RIGHT)
        sheet.box(LEFT_EDGE, y + 2.4 * MM, _WIDTH, 1.6, fill=AMBER)
        self.flow.y = y + 7.6 * MM

    def _payer(self, y: float) -> float:
        """Who pays: the account, whose it is, and what charges depend on. Where it ends."""
        sheet, bill, width = self.sheet, self.bill, _HALF - LEFT_EDGE - 8 * MM
        code_x = LEFT_EDGE + width - 26 * MM
        sheet.text(LEFT_EDGE, y, "Лицевой счёт", _CAPTION)
        sheet.text(LEFT_EDGE, y + 7 * MM, bill.account, _NUMBER, within=code_x - LEFT_EDGE - 2 * MM)
        sheet.text(code_x, y, "Код доступа в кабинет", _CAPTION)
        sheet.text(code_x, y + 7 * MM, bill.access_code, Style(11, bold=True), within=26 * MM)
        y = sheet.paragraph(LEFT_EDGE, y + 13 * MM, bill.holder, _STRONG, width, most=2)
        y = sheet.paragraph(LEFT_EDGE, y, _kept_together(bill.address), _PLAIN, width, most=3)
        home = (
            [words.plural(bill.persons, "человек", "человека", "человек")]
            if bill.persons
            else ["зарегистрированных нет"]
        )
        if bill.area:
            home.append(f"{words.decimal(bill.area, 100)}{NBSP}м²")
        home.append(DWELLINGS.get(bill.dwelling, bill.dwelling))
        y = sheet.paragraph(LEFT_EDGE, y + 1 * MM, ", ".join(home), _SMALL, width, most=2)
        return sheet.paragraph(LEFT_EDGE, y, _norms(bill.norms), _SMALL, width, most=3) if bill.norms else y

    def _supplier(self, y: float) -> float:
        """To whom: the company with its bank and how to reach it. Where it ends."""
        sheet, width = self.sheet, RIGHT_EDGE - _HALF
        sheet.text(_HALF, y, "Получатель платежа", _CAPTION)
        y = sheet.paragraph(_HALF, y + 4 * MM, self.company.legal_name, _SMALL_STRONG, width, most=2)
        for line in supplier_lines(self.company):
            style = _SMALLER if sheet.line_width(line, _SMALLER) <= width < sheet.line_width(line, _SMALL) else _SMALL
            y = sheet.paragraph(_HALF, y, line, style, width, most=2, leading=_SMALL.leading)
        return y

    # ---- what is owed

    def _summary(self) -> None:
        """The box with the sum, how it came about, and the code to pay by."""
        sheet, bill, flow = self.sheet, self.bill, self.flow
        height = 51 * MM if bill.qr else 38 * MM
        flow.y += 1 * MM
        sheet.box(LEFT_EDGE, flow.y, _WIDTH, height, edge=0.7)
        sheet.box(LEFT_EDGE, flow.y, 2.2 * MM, height, fill=AMBER)
        self._total(LEFT_EDGE + 7 * MM, flow.y + 8 * MM)
        right = LEFT_EDGE + (128 if bill.qr else 176) * MM
        self._breakdown(LEFT_EDGE + 68 * MM, right, flow.y + 7 * MM)
        if bill.qr:
            x = RIGHT_EDGE - _PAYMENT_CODE - 3 * MM
            sheet.qr(x, flow.y + 3 * MM, _PAYMENT_CODE, bill.qr)
            sheet.paragraph(LEFT_EDGE + 68 * MM, flow.y + 42 * MM, _HOW_TO_PAY, _CAPTION, 60 * MM, most=2)
        flow.y += height + 1 * MM

    def _total(self, x: float, y: float) -> None:
        sheet, bill, width = self.sheet, self.bill, 58 * MM
        if bill.total < 0:
            title, advice = "Переплата", _debts(bill) or "Платить не нужно: переплата пойдёт в счёт следующих месяцев."
        elif bill.total == 0:
            title, advice = "К оплате", _debts(bill) or "Платить не нужно."
        else:
            title = f"К оплате до {words.day(bill.due_on)}"
            advice = f"Назначение платежа: л/с{NBSP}{bill.account}, {words.month(bill.period)}"
        sheet.text(x, y, title, Style(10.5, bold=True), within=width)
        sum_style = _TOTAL
        while sheet.line_width(rubles(abs(bill.total)), sum_style) > width and sum_style.size > 10:
            sum_style = sum_style._replace(size=sum_style.size - 1)
        sheet.text(x, y + 12 * MM, rubles(abs(bill.total)), sum_style)
        y += 18 * MM
        if penalty := _penalty(bill):
            y = sheet.paragraph(x, y, penalty, _PLAIN, width, most=3) + 1 * MM
        sheet.paragraph(x, y, advice, _CAPTION, width, most=3)

    def _breakdown(self, x: float, right: float, y: float) -> None:
        bill = self.bill
        opening = "Долг" if bill.opening >= 0 else "Переплата"
        rows = [
            (f"{opening} на {words.day_month(periods.first_day(bill.period))}", bill.opening),
            ("Оплачено", -bill.paid if bill.paid else 0),
            (f"Начислено за {words.MONTHS[int(bill.period[5:]) - 1]}", bill.charged),
            ("Перерасчёт", bill.recalculated),
            ("Пени", bill.penalty),
        ]
        for title, amount in rows:
            room = right - x - self.sheet.line_width(rubles(amount), _PLAIN) - 2 * MM
            self.sheet.text(x, y, title, _PLAIN, within=room)
            self.sheet.text(right, y, rubles(amount), _PLAIN, RIGHT)
            self.sheet.rule(x, y + 1.6 * MM, right, 0.4, PALE)
            y += 5.4 * MM
        room = right - x - self.sheet.line_width(rubles(bill.total), _STRONG) - 2 * MM
        self.sheet.text(x, y, "Итого к оплате" if bill.total >= 0 else "Итого переплата", _STRONG, within=room)
        self.sheet.text(right, y, rubles(bill.total), _STRONG, RIGHT)

    # ---- the last block

    def _last_block(self) -> None:
        """The year's chart on the left; on the right the code and the words for passing readings."""
        sheet, flow, bill = self.sheet, self.flow, self.bill
        left = LEFT_EDGE + 106 * MM
        width = RIGHT_EDGE - left - (_READING_CODE + 5 * MM if bill.readings_url else 0)
        words_of = [sheet.lines(text, _SMALL, width) for text in self._how_to()]
        height = 9 * MM + sum(len(lines) * _SMALL.leading + 1 * MM for lines in words_of)
        flow.y += (2 if flow.is_dense else 4) * MM
        flow.room(max(height, _LOWEST_CHART + _LEGEND))
        top = flow.y
        tall = max(min(_CHART, flow.bottom - top - _LEGEND), _LOWEST_CHART)
        metered = next((one for one in bill.services if self._metered(one.code)), None)
        is_corrected = any(
            line.kind == RECALCULATION and metered and line.service == metered.code for line in bill.lines
        )
        end = chart.draw(
            sheet,
            chart.Place(LEFT_EDGE, top, 98 * MM, tall),
            bill.months,
            metered.unit if metered else "",
            bill.period if is_corrected else "",
        )
        sheet.text(left, top + 3 * MM, "Показания" if bill.readings_url else "Вопросы по счёту", HEADING)
        if bill.readings_url:
            sheet.qr(RIGHT_EDGE - _READING_CODE, top + 1 * MM, _READING_CODE, bill.readings_url)
        y = top + 8.6 * MM
        for lines in words_of:
            for line in lines:
                sheet.text(left, y, line, _SMALL)
                y += _SMALL.leading
            y += 1 * MM
        flow.y = max(y, end)

    def _metered(self, code: str) -> bool:
        service = self.company.services.get(code)
        return bool(service and service.metered)

    def _how_to(self) -> Iterator[str]:
        company, bill = self.company, self.bill
        if bill.readings_url:
            following = periods.shift(bill.period, 1)
            first, last = company.window("web").within(periods.days(following))
            yield (
                f"Передайте показания с{NBSP}{first}{NBSP}по{NBSP}{last}{NBSP}{words.MONTHS_OF[int(following[5:]) - 1]}: "
                "наведите камеру на код справа, вход не нужен."
            )
            ways = [f"на сайте {company.site.removeprefix('https://')}"]
            ways += [f"по телефону {company.phones[0].shown}"] if company.phones else []
            ways += [f"по СМС {words.phone(company.sms_readings)}"] if company.sms_readings else []
            ways += [f"письмом на {company.mail_readings}"] if company.mail_readings else []
            yield f"Или {', '.join(ways)}."
        elif company.phones:
            yield f"{company.phones[0].shown}, {company.phones[0].hours}, или в личном кабинете."

    # ---- pages

    def _begin_page(self) -> float:
        y = _TOP + 4 * MM
        self.sheet.text(
            LEFT_EDGE, y, f"{self.company.name}: счёт за {words.month(self.bill.period)}", _STRONG, within=_WIDTH / 2
        )
        self.sheet.text(RIGHT_EDGE, y, f"Лицевой счёт {self.bill.account}", _STRONG, RIGHT, _WIDTH / 2)
        self.sheet.rule(LEFT_EDGE, y + 2 * MM, RIGHT_EDGE, 0.7)
        return y + 4 * MM

    def _footer(self, number: int, count: int) -> None:
        sheet, y = self.sheet, _BOTTOM + 4.5 * MM
        text = f"Счёт №{NBSP}{self.bill.number}, лицевой счёт {self.bill.account}"
        sheet.text(LEFT_EDGE, y, text, _FOOT, within=_WIDTH * 0.75)
        sheet.text(RIGHT_EDGE, y, f"Страница {number} из {count}", _FOOT, RIGHT)


def _kept_together(text: str) -> str:
    """An address or hours, numbers kept with what they number, names with «ул.»: no line begins with a bare «72»."""
    return re.sub(r"(?<=\.) | (?=\d)", NBSP, text)


def _norms(norms: Sequence[str]) -> str:
    """«Нормативы: электроэнергия 80 кВт⋅ч на человека в месяц; отопление …»."""
    said = [f"{norm[:1].lower()}{norm[1:]}".replace(": ", " ", 1) for norm in norms]
    return f"{'Норматив' if len(said) == 1 else 'Нормативы'}: {'; '.join(said)}"


def _debts(bill: Bill) -> str:
    """The services in debt where the whole is not: an advance for one pays nothing for another. Empty where there are none."""
    owing = [
        f"{one.title[:1].lower()}{one.title[1:]} {rubles(one.closing)}" for one in bill.services if one.closing > 0
    ]
    return f"Есть долг: {', '.join(owing)}. Переплата за другую услугу его не закрывает." if owing else ""


def _penalty(bill: Bill) -> str:
    """What part of the sum to pay is penalty, and how much of that is this month's; empty where none is owed."""
    due = sum(service.penalty_due for service in bill.services)
    if due <= 0 or bill.total <= 0:
        return ""
    new = sum(min(max(service.penalty, 0), service.penalty_due) for service in bill.services)
    whole, month = f"в том числе пени {rubles(due)}", words.MONTHS[int(bill.period[5:]) - 1]
    if new == due:
        return f"{whole} за{NBSP}{month}"
    if not new:
        return f"{whole} за прошлые месяцы"
    return f"{whole}: за{NBSP}{month} {rubles(new)}, за прошлые месяцы {rubles(due - new)}"


def supplier_lines(company: Company) -> Iterator[str]:
    """Who is paid, the bank, and how to reach the company."""
    yield f"ИНН {company.inn}, КПП {company.kpp}, ОГРН {company.ogrn}"
    yield f"Р/с {company.bank.account} в {company.bank.name}"
    yield f"БИК {company.bank.bic}, к/с {company.bank.correspondent}"
    yield company.legal_address
    if company.post_address != company.legal_address:
        yield f"Для писем: {company.post_address}"
    for phone in company.phones:
        yield f"{phone.shown}, {phone.title[:1].lower()}{phone.title[1:]}, {_kept_together(phone.hours)}"
    yield f"{company.site.removeprefix('https://')}, {company.email}"
