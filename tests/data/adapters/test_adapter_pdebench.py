from adapter_contract import AdapterContract
from formats.pdebench import CASES


class TestPDEBench(AdapterContract):
    cases = CASES
