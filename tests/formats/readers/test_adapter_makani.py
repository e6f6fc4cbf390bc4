from adapter_contract import AdapterContract
from formats.machine import MAKANI


class TestMakani(AdapterContract):
    cases = MAKANI
