from adapter_contract import AdapterContract
from formats.plain import CASES


class TestPlain(AdapterContract):
    cases = CASES
