"""The form reader, fed with every split of its input."""

import itertools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.forms.parts import DIRECT, LOOK_AHEAD, WINDOW
from tests.unit.http.forms import BOUNDARY, DELIMITER, END, FILE, MAX_FILE, NAME, part, receive, split

# Content made of what boundaries are made of comes closest to being taken for one.
tricky = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", b"\r\n--", BOUNDARY, BOUNDARY[:-1], b"\r\n--" + BOUNDARY[:-1], b"x"])
).map(b"".join)
contents = st.one_of(st.binary(max_size=300), tricky).filter(
    lambda content: b"--" + BOUNDARY not in b"\r\n" + content + b"\r\n"
)


@given(
    contents,
    st.text(max_size=20),
    st.lists(st.integers(0, 2000), max_size=12),
    st.sampled_from([*range(1, 50), 2 * DIRECT]),
)
def test_any_split_gives_the_same_parts(content: bytes, text: str, cuts: list[int], read_size: int) -> None:
    """However the body is cut on its way, file and fields come out as they were sent."""
    body = b"".join(
        [
            part('name="before"', text.encode()),
            part('name="file"; filename="a"', content, b"Content-Type: text/x"),
            part('name="after"', text.encode()),
            END,
        ]
    )
    assert receive(split(body, cuts), read_size) == ("a", "text/x", content, {"before": [text], "after": [text]})


decoys = st.lists(
    st.sampled_from([DELIMITER + end for end in (b"x", b"-x", b" x", b" \t\r", b"\n", b"\r")] + [b"y", b"\r\n-"])
)


@given(content=decoys.map(b"".join), cuts=st.lists(st.integers(0, 2000), max_size=12))
def test_what_looks_like_a_boundary_is_content(content: bytes, cuts: list[int], read_size: int) -> None:
    """However many of them come, and however they are cut."""
    body = part('name="file"; filename="a"', content) + NAME + END
    assert receive(split(body, cuts), read_size)[2:] == (content, {"name": ["opamp-agent"]})


@pytest.mark.parametrize("size", [0, 1, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW + 17])
def test_file_of_any_size_comes_out_whole(size: int, read_size: int) -> None:
    """Files around the size of the buffer lose no byte at its edges."""
    content = bytes(index * 31 % 251 for index in range(size))
    assert receive([part('name="file"; filename="a"', content) + END], read_size)[2] == content


@pytest.mark.parametrize("last", [b"", DELIMITER[:-1], DELIMITER + b"x", DELIMITER + b"-"])
def test_file_may_end_anywhere_about_the_end_of_a_full_buffer(last: bytes) -> None:
    """The delimiter, or what looks like one, at every place about the end of a buffer that is filled at once."""
    whole = random.Random(last).randbytes(WINDOW + 3 * DIRECT)
    end = WINDOW + DIRECT
    for near, step in itertools.product((end, end + LOOK_AHEAD), range(-200, 40, 5)):
        content = whole[: near + step] + last
        form = part('name="file"; filename="a"', content) + END
        assert receive([form], DIRECT)[2] == content
        content += whole
        assert receive([part('name="file"; filename="a"', content) + END], DIRECT)[2] == content


def test_longer_boundary_in_the_file_is_content(read_size: int) -> None:
    """A line of the file that begins with the boundary and goes on belongs to the file."""
    content = b"--" + BOUNDARY + b"x\r\n--" + BOUNDARY + b" y\r\n--" + BOUNDARY + b"-\r\n"
    assert receive([part('name="file"; filename="a"', content) + END], read_size)[2] == content


@pytest.mark.parametrize("before", [b"", b"\r\n", b"This is a preamble.\r\n\r\n"])
@pytest.mark.parametrize("after", [b"", b"\r\n", b"an epilogue"])
def test_preamble_and_epilogue_are_passed_over(before: bytes, after: bytes, read_size: int) -> None:
    """What stands before the first and after the last boundary is no part of the form (RFC 2046, 5.1.1)."""
    body = before + (FILE + NAME + END)[2:].rstrip() + after
    assert receive([body], read_size) == ("agent.bin", None, b"the bytes", {"name": ["opamp-agent"]})


def test_padding_after_a_boundary_is_allowed(read_size: int) -> None:
    """Blanks may follow a boundary on its line (RFC 2046, 5.1.1)."""
    padded = FILE.replace(BOUNDARY, BOUNDARY + b" \t")
    assert receive([padded + END], read_size)[2] == b"the bytes"


def test_folded_part_header_is_read(read_size: int) -> None:
    """A part's header line may be continued on the next (RFC 5322, 2.2.3)."""
    folded = FILE.replace(b"; filename", b";\r\n\tfilename")
    assert receive([folded + END], read_size)[0] == "agent.bin"


def test_part_without_content_may_share_its_line_end(read_size: int) -> None:
    """The delimiter may follow the blank line at once."""
    body = part('name="description"', b"")[:-2] + FILE + END
    assert receive([body], read_size)[3] == {"description": [""]}


@pytest.mark.parametrize(
    ("sent", "file_name"),
    [
        ('filename="a b.bin"', "a b.bin"),
        ("filename=plain.bin", "plain.bin"),
        ('filename="C:\\dir\\x.exe"', "C:\\dir\\x.exe"),
        ('filename="../../etc/passwd"', "../../etc/passwd"),
        ('filename="a%22b.bin"', 'a"b.bin'),
        ('filename="a\\"b.bin"', 'a"b.bin'),
        ('filename="a\\\\b.bin"', "a\\b.bin"),
        ('filename="a;b=c.bin"', "a;b=c.bin"),
        ("filename=fallback; filename*=utf-8'de'gr%C3%B6%C3%9Fe.bin", "größe.bin"),
        ('filename="größe-配置.bin"', "größe-配置.bin"),
        ("filename*=UTF-8''gr%C3%B6%C3%9Fe.bin", "größe.bin"),
    ],
)
def test_file_name_comes_as_it_was_sent(sent: str, file_name: str, read_size: int) -> None:
    """Raw UTF-8, browsers' %22, curl's backslash, paths and RFC 2231 all give the name meant."""
    assert receive([part(f'name="file"; {sent}', b"x") + END], read_size)[0] == file_name


def test_what_looks_like_a_boundary_costs_little(read_size: int) -> None:
    """A file made of nothing but what a boundary begins with is read as others are, at little more cost."""
    like = (DELIMITER + b"x") * (MAX_FILE // 2 // (len(DELIMITER) + 1))
    costs = []
    for content in (bytes(len(like)), like):
        body = [part('name="file"; filename="a"', content) + END]
        began = time.process_time()
        assert receive(body, read_size)[2] == content
        costs.append(time.process_time() - began)
    assert costs[1] < costs[0] + 0.05 * len(like) / (1 << 20)
