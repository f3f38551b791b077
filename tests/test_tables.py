"""helper.read_table: what a learner's own CSV file may look like."""

import pytest
from course import ROOT

import helper


@pytest.fixture
def table(tmp_path):
    """A function that writes a file, from text or from bytes, and returns its path."""

    def write(content):
        path = tmp_path / 'my_table.csv'
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


PAIRS = [{'x': 1.5, 'y': -2.0}, {'x': 3.0, 'y': 0.25}]


@pytest.mark.parametrize(
    'content',
    [
        'x,y\n1.5,-2\n3,0.25\n',
        'x,y\r\n1.5,-2\r\n3,0.25\r\n',
        'x,y\r1.5,-2\r3,0.25',
        'x;y\n1.5;-2\n3;0.25\n',
        'x\ty\n1.5\t-2\n3\t0.25\n',
        '\ufeffx,y\n1.5,-2\n3,0.25\n',
        '\n\nx,y\n\n1.5,-2\n\n3,0.25\n\n',
        'x , y\n 1.5 , -2\n3 , 0.25\n',
        '"x","y"\n"1.5","-2"\n"3","0.25"\n',
        'x,y,\n1.5,-2,\n3,0.25,\n',
        'x,y\n1.5,-2,,\n3,0.25,,\n',
        'y,other,x\n-2,"a ""b"", c",1.5\n0.25,,3\n',
        'y,"other, too",x\n-2,"two\nlines",1.5\n0.25,é,3e0\n',
        'y;"a,b,c";x\n-2;1,5;1.5\n0.25;2,5;3\n',
    ],
)
def test_a_table_is_read_however_it_is_written(content, table):
    assert helper.read_table(table(content), numbers=['x', 'y']) == PAIRS


@pytest.mark.parametrize(
    'cell', ['', ' ', 'NA', 'n/a', 'nan', 'NaN', '#N/A', '?', 'null']
)
def test_a_row_without_a_value_is_left_out_and_counted(cell, table, capsys):
    path = table(f'x,y\n1.5,-2\n{cell},7\n3,0.25\n')
    assert helper.read_table(path, numbers=['x', 'y']) == PAIRS
    printed = capsys.readouterr().out
    assert 'my_table.csv, 2 rows' in printed
    assert 'left out because a value is missing: 1, by column: x (1)' in printed


def test_a_row_with_too_few_cells_is_left_out(table, capsys):
    assert (
        helper.read_table(table('x,y\n1.5,-2\n7\n3,0.25\n'), numbers=['x', 'y'])
        == PAIRS
    )
    assert 'y (1)' in capsys.readouterr().out


def test_a_value_that_is_missing_in_another_column_does_not_matter(table, capsys):
    assert helper.read_table(table('x,y,z\n1.5,-2,\n3,0.25,NA\n'), ['x', 'y']) == PAIRS
    assert 'left out' not in capsys.readouterr().out


def test_texts_are_read_as_they_are(table):
    path = table('kind,x,code\n Rotköpfchen ,1,007\n"a, b",2,1.0\n')
    assert helper.read_table(path, numbers=['x'], texts=['kind', 'code']) == [
        {'x': 1.0, 'kind': 'Rotköpfchen', 'code': '007'},
        {'x': 2.0, 'kind': 'a, b', 'code': '1.0'},
    ]


@pytest.mark.parametrize(
    'content, words',
    [
        ('', ['is empty']),
        ('\n \n', ['is empty']),
        ('x,y\n', ['it has no rows']),
        ('x,y\n,1\nNA,2\n', ['in each row, a value is missing']),
        ('x,Y\n1,2\n', ['has no column y', 'Its columns: x, Y']),
        ('x,yy\n1,2\n', ['has no column y']),
        ('X value,y\n1,2\n', ['has no column x']),
        ('x y\n1 2\n', ['has no column x', 'Its columns: x y']),
        ('x,y\n1,2\n3,four\n', ['line 3', 'column y', "'four' is not a number"]),
        ('\nx,y\n1,2\n3,four\n', ['line 4', 'column y']),
        ('x,y\n1,2\n"3",€ 4\n', ['line 3', 'is not a number']),
        ('x,y\n1,"2\n3"\n', ['is not a number']),
        ('x;y\n1,5;2,5\n', ['line 2', "'1,5' is not a number", 'like 1234.5']),
        ('x,y\n"1,234.5",2\n', ['line 2', 'like 1234.5']),
        ('x,y\n1,5,2,5\n', ['line 2: 4 cells', '2 names']),
        ('x,y\n1,inf\n', ['line 2, column y', 'not a finite number']),
        ('x,y\n1,-Infinity\n', ['not a finite number']),
        ('x,y\n1,1e999\n', ['not a finite number']),
        ('x,y,x\n1,2,3\n', ['2 columns named x']),
        ('x,y\n"1,2\n3,4\n', ['line', 'unexpected end of data']),
        ('x,y\n1,2\n3,Zürich\n'.encode('cp1252'), ['UTF-8', 'save it']),
        ('x,y\n1,2\n'.encode('utf-16'), ['UTF-8']),
        (b'PK\x03\x04\x14\x00\x06\x00\x08\x00', ['UTF-8']),
    ],
)
def test_a_table_that_cannot_be_used_is_told_in_one_line(content, words, table, capsys):
    path = table(content)
    with pytest.raises(OSError) as info:
        helper.read_table(path, numbers=['x', 'y'])
    capsys.readouterr()
    helper._explain(info.type, info.value, info.value.__traceback__)  # as in a lesson
    (line,) = capsys.readouterr().err.splitlines()
    for word in [str(path), *words]:
        assert word in line, line


def test_a_name_that_is_nearly_right_gets_a_hint(table):
    with pytest.raises(OSError, match='Did you mean body_mass_g?'):
        helper.read_table(ROOT / 'data/penguins.csv', numbers=['body_mas_g'])


def test_a_column_of_words_is_no_column_of_numbers():
    with pytest.raises(
        OSError, match="line 2, column species: 'Adelie' is not a number"
    ):
        helper.read_table(ROOT / 'data/penguins.csv', numbers=['species'])


def test_a_file_that_is_not_there_is_named(tmp_path):
    (tmp_path / 'houses.csv').touch()
    with pytest.raises(FileNotFoundError, match='no file .*house.csv.*houses.csv'):
        helper.read_table(tmp_path / 'house.csv', numbers=['x'])
    with pytest.raises(OSError, match='is not a file'):
        helper.read_table(tmp_path, numbers=['x'])


def test_too_few_rows_are_told_after_those_that_were_left_out(table, capsys):
    path = table('x,y\n1,2\n3,NA\n')
    with pytest.raises(OSError, match='1 rows .*too few. Use a table of 20 or more'):
        helper.read_table(path, numbers=['x', 'y'], least=20)
    assert 'y (1)' in capsys.readouterr().out


def test_the_penguins_are_all_there(capsys):
    rows = helper.read_table(ROOT / 'data/penguins.csv', ['body_mass_g'], ['species'])
    assert len(rows) == 342
    assert {row['species'] for row in rows} == {'Adelie', 'Chinstrap', 'Gentoo'}
    assert 'body_mass_g (2)' in capsys.readouterr().out
