# Compiles the files on standard input, and prints what is wrong with them. Nothing of them is run.
import sys

LENGTH = 16
read = sys.stdin.buffer.read
lines = [f"{sys.version_info[0]}.{sys.version_info[1]}"]


def note(number, line, column, length, message):
    lines.append("\t".join([str(number), str(line or 0), str(column or 0), str(length), " ".join(message.split())]))


def length_of(error):
    end_line, end = getattr(error, "end_lineno", None), getattr(error, "end_offset", None)
    is_known = end_line == error.lineno and end and error.offset
    return max(end - error.offset, 0) if is_known else 0


number, head = 0, read(LENGTH)
while head:
    try:
        # Bytes, so that the compiler finds out their encoding.
        compile(read(int(head[1:])), "code", "exec", dont_inherit=True)
    except SyntaxError as error:
        note(number, error.lineno, error.offset, length_of(error), error.msg)
    except ValueError as error:
        # Zero bytes, in older versions.
        note(number, 0, 0, 0, str(error))
    except (MemoryError, OverflowError, RecursionError):
        # Too much for this compiler says nothing of the one in Lambda.
        pass
    number, head = number + 1, read(LENGTH)
sys.stdout.buffer.write("\n".join(lines).encode("utf-8", "replace"))
