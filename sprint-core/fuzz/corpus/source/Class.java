package a;
import static a.b.C.d;
import a.b.*;
class B { String s = """
import no;
"""; }
