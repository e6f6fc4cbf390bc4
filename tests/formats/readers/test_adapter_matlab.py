from adapter_contract import AdapterContract
from formats.matlab import CASES


class TestMatlab(AdapterContract):
    cases = CASES
