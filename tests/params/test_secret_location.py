"""`params.yaml` is kept by git: it takes no address with a user or password."""

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.load import check_params


@pytest.mark.parametrize("user", ["me:secret@", "secret@", "@"])
def test_an_address_with_a_password_is_refused_without_telling_it(user: str) -> None:
    dataset = {"source": "url", "location": f"https://{user}h.example/a.zip", "sha256": "0" * 64}
    with pytest.raises(UserError, match=r"`location` has a user or password, .* put them into ~/.netrc") as caught:
        check_params({"dataset": dataset}, "params.yaml")
    assert "secret" not in str(caught.value)
