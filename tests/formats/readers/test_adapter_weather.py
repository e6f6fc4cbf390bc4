from adapter_contract import AdapterContract
from formats.weather import CASES


class TestWeather(AdapterContract):
    cases = CASES
