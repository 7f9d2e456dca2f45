import numpy as np

from smot_vlm.output.placement import Places, along_curve, around_feet, face_areas, nearest_first


def test_the_first_place_that_hides_nothing_is_taken():
    places = Places(200, 200, np.array([[0, 0, 60, 90]]))
    assert places.find(20, 10, np.array([[10, 25], [10, 35]])) == (10, 35)  # the face ends at 30
    assert places.find(20, 10, np.array([[10, 40], [10, 46], [90, 90]])) == (10, 46)  # the first tag ends at 45


def test_where_all_hide_something_the_least_is_taken():
    places = Places(100, 100, np.array([[0, 0, 100, 300]]))
    assert places.find(20, 10, np.array([[0, 0], [0, 95], [95, 50]])) == (0, 0)
    places = Places(100, 100, np.array([[0, 0, 100, 285]]))
    assert places.find(20, 10, np.array([[0, 0], [0, 90]])) == (0, 90)  # five rows lie below the face


def test_other_places_are_asked_for_only_where_none_is_free():
    places = Places(100, 100, np.array([[0, 0, 50, 90]]))
    asked = []

    def elsewhere():
        asked.append(True)
        return np.array([[0.0, 50.0]])

    assert places.find(20, 10, np.array([[60.0, 0.0]]), elsewhere) == (60, 0)
    assert asked == []
    assert places.find(20, 10, np.array([[0.0, 0.0]]), elsewhere) == (0, 50)
    assert asked == [True]


def test_places_outside_are_moved_inside():
    places = Places(100, 50, np.zeros((0, 4)))
    assert places.find(20, 10, np.array([[-5, -5]])) == (0, 0)
    assert places.find(20, 10, np.array([[95, 70]])) == (80, 40)
    assert places.find(300, 10, np.array([[95, 20]])) == (0, 20)


def test_a_face_is_the_top_third():
    assert face_areas(np.array([[10, 30, 20, 90]])).tolist() == [[10, 30, 20, 50]]


def test_a_name_stands_at_the_feet_first():
    assert around_feet(np.array([10.0, 0, 50, 90]), 20, 10)[0].tolist() == [10, 85]


def test_a_verb_stands_on_the_middle_of_its_arrow_or_beside_a_short_one():
    curve = np.stack([np.linspace(0, 200, 25), np.full(25, 40.0)], axis=1)
    assert along_curve(curve, 20, 10)[0].tolist() == [90, 35]
    assert along_curve(curve / 20, 20, 10)[0][1] < -5


def test_the_nearest_of_a_grid_comes_first():
    corners = nearest_first((100, 200), np.array([150.0, 50.0]), 30, 10)
    distance = np.linalg.norm(corners - np.array([135, 45]), axis=1)
    assert (np.diff(distance) >= 0).all()
    assert distance[0] < 10
